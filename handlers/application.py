"""The application as one resolver: middleware, routes, and what each failure looks like to a client."""

from resolver import WebSocketResolver

from . import errors
from .middleware import identify, keep_last_seen, keep_time, log
from .observability import report_unexpected
from .routes import channels, lifecycle, messages, presence
from .services import Services


def build_application(services: Services) -> WebSocketResolver:
    """Join routes and services. Raises RegistrationError for a handler that asks for what does not exist."""
    debug = services.settings.debug
    application = WebSocketResolver(
        services=services, on_unexpected=lambda _, error: report_unexpected(error, debug=debug)
    )
    for middleware in (keep_time, log, identify, keep_last_seen):
        application.middleware(middleware)
    for router in (errors.router, lifecycle.router, presence.router, channels.router, messages.router):
        application.include_router(router)
    return application
