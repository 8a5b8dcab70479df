"""A function behind everything else, in both APIs."""

import json
import os
import time
from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Say where it is and for how long it may run, or run too long."""
    if event.get("body") == "sleep":
        time.sleep(60)
    seen = {
        "stage": event["requestContext"]["stage"],
        "endpoint": os.environ["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"],
        "function": context.function_name,
    }
    return {"statusCode": 200, "body": json.dumps(seen)}
