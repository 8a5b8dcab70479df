"""A function behind custom routes of one API."""

import json
import os
from typing import Any

import boto3


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a join; post what is said back through `@connections`."""
    request = event["requestContext"]
    if request["routeKey"] == "chat/join":
        seen = [request["routeKey"], event["stageVariables"], os.environ["ROOM"], context.function_name]
        return {"statusCode": 200, "body": json.dumps(seen)}
    if request["routeKey"] == "chat/say":
        api = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["API_URL"])
        api.post_to_connection(ConnectionId=request["connectionId"], Data=event["body"].encode())
    return {"statusCode": 200}
