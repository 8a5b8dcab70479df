"""The function behind a deployed API that the conformance suite talks to: it does what each client wants.

A client says what in its User-Agent, the one thing all of its events repeat: base64 of compressed JSON, with
the connection id of an `observer`, which is sent every event, and by route key in `scripts` one of
`{"answer": …}`, `{"echo": true}`, `{"raise": "text"}`, `{"exit": 1}`, `{"sleep": seconds}` and
`{"post": "text"}`, which posts to the client itself and lets the observer know what came of it. A client
that says nothing is told its connection id.

template.yaml deploys it. Take it down afterwards: it obeys anybody.
"""

import base64
import json
import os
import time
import zlib
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

Event = dict[str, Any]


def handler(event: Event, _context: object) -> Any:
    """Report the event, then obey."""
    context = event["requestContext"]
    try:
        orders = json.loads(zlib.decompress(base64.b64decode(context["identity"]["userAgent"])))
    except (KeyError, ValueError, zlib.error):
        return {"statusCode": 200, "body": context["connectionId"]}
    _report(event, orders["observer"])
    return _obey(event, orders)


def _obey(event: Event, orders: Event) -> Any:
    match orders["scripts"].get(event["requestContext"]["routeKey"]):
        case {"answer": answer}:
            return answer
        case {"raise": text}:
            raise ValueError(text)
        case {"exit": status}:
            os._exit(status)
        case {"sleep": seconds}:
            time.sleep(seconds)
            return {"statusCode": 200, "body": "slept"}
        case {"echo": True}:
            return {"statusCode": 200, "body": event["body"]}
        case {"post": text}:
            context = event["requestContext"]
            _report({"posted": _post(context, context["connectionId"], text), **event}, orders["observer"])
    return {"statusCode": 200}


def _report(event: Event, observer: str) -> None:
    report = base64.b64encode(zlib.compress(json.dumps(event).encode())).decode()
    # An observer that has seen enough leaves.
    _post(event["requestContext"], observer, report)


def _post(context: Event, connection_id: str, text: str) -> str:
    endpoint = f"https://{context['domainName']}/{context['stage']}"
    gateway = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=os.environ.get("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", endpoint),
        config=Config(read_timeout=3, retries={"total_max_attempts": 1}),
    )
    try:
        gateway.post_to_connection(ConnectionId=connection_id, Data=text.encode())
    except ReadTimeoutError:
        return "no answer"
    except ClientError as error:
        return str(error.response["ResponseMetadata"]["HTTPStatusCode"])
    return "200"
