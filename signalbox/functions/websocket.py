"""The Lambda behind `$connect`, `$disconnect` and `$default`."""

from typing import Any

from signalbox.application import build_application
from signalbox.realtime.services import build_services

_services = build_services()
_services.connections.warm()  # Lambda gives the init phase more CPU than an invocation
_application = build_application(_services)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Dispatch one event of API Gateway."""
    return _application.resolve(event, context)
