"""The application as one resolver: middleware, routes, and what each failure looks like to a client."""

from signalbox.observability import report_unexpected
from signalbox.realtime import errors
from signalbox.realtime.middleware import authorize, identify, keep_time, log
from signalbox.realtime.routes import channels, lifecycle, messages, presence, session
from signalbox.realtime.services import Services
from signalbox.realtime.sessions.limits import count_messages, limit_messages
from signalbox.resolver import WebSocketResolver


def build_application(services: Services) -> WebSocketResolver:
    """Join routes and services.

    Raises RegistrationError for a handler that asks for what does not exist, and for a route or a namespace
    of which `policy` does not say who may use it.
    """
    debug = services.settings.debug
    application = WebSocketResolver(
        services=services, on_unexpected=lambda _, error: report_unexpected(error, debug=debug)
    )
    for middleware in (keep_time, log, limit_messages, identify, count_messages, authorize):
        application.middleware(middleware)
    for routes in (errors, lifecycle, session, presence, channels, messages):
        application.include_router(routes.router)
    services.policy.check(application.message_keys, services.namespaces)
    return application
