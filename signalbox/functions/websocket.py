"""The Lambda function behind `$connect`, `$disconnect` and the messages."""

import gc
import json
from collections.abc import Callable
from typing import Any

from signalbox.resolver import MalformedEventError, WebSocketResolver

Handler = Callable[[Any, Any], dict[str, Any]]
"""A Lambda handler: event and context in, answer out."""


def make_handler(resolver: WebSocketResolver, warm: Callable[[], object]) -> Handler:
    """Return the handler. `warm` runs now: Lambda gives the init phase more CPU than an invocation.

    An event of anything but a WebSocket API is answered with 400 and the reason.
    """
    warm()
    gc.freeze()  # what was made until now stays, and need not be looked at by every collection

    def handler(event: Any, context: Any) -> dict[str, Any]:
        try:
            return resolver.resolve(event, context)
        except MalformedEventError as error:
            message = f"this function answers events of an API Gateway WebSocket API: {error}"
            return {"statusCode": 400, "body": json.dumps({"message": message})}

    return handler
