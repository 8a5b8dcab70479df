"""The functions of the stack: one that says what it was given, and a guard."""

import json
import os
from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer with what a message is told of its surroundings."""
    seen = {
        "api": event["requestContext"]["apiId"],
        "principal": event["requestContext"]["authorizer"]["principalId"],
        "table": os.environ["TABLE_NAME"],
        "callback": os.environ["CALLBACK_URL"],
        "function": context.function_name,
        "seconds": round(context.get_remaining_time_in_millis() / 1000),
    }
    return {"statusCode": 200, "body": json.dumps(seen)}


def authorize(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Let everybody in who brings a token."""
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": event["queryStringParameters"]["token"], "policyDocument": policy}
