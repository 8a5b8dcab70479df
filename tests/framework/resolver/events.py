"""A message as it reaches the Lambda, with nothing but what has to be there."""

from typing import Any


def message_event(body: str, route_key: str = "$default") -> dict[str, Any]:
    """The event of a message, whatever it says."""
    request = {
        "eventType": "MESSAGE",
        "routeKey": route_key,
        "messageId": "m=",
        "requestId": "r=",
        "connectionId": "c=",
        "stage": "prod",
        "domainName": "d",
        "apiId": "a",
        "connectedAt": 1,
        "requestTimeEpoch": 2,
        "identity": {"sourceIp": "192.0.2.7"},
    }
    return {"requestContext": request, "body": body, "isBase64Encoded": False}
