"""The application, with messages that misbehave."""

import json
import os
import time
from pathlib import Path
from typing import Any

from handlers.websocket import handler as application


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Misbehave when a message says so, else be the application."""
    try:
        message = json.loads(event.get("body", "{}"))
    except ValueError:
        message = {}
    match message:
        case {"action": "hold", "file": file}:
            Path(file).write_text(str(os.getpid()))
            time.sleep(120)
        case {"action": "exit"}:
            os._exit(3)
    answer = application(event, context)
    query = event.get("queryStringParameters", {})
    while (until := query.get("until")) and not Path(until).exists():
        time.sleep(0.01)
    return answer
