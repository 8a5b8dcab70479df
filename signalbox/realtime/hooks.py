"""An application's own handlers of `$connect` and `$disconnect`, around those of the framework."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from connection_store import EndedConnection
from signalbox.identity.claims import is_guest
from signalbox.identity.principal import Principal
from signalbox.moment import Moment
from signalbox.resolver import (
    Accept,
    ConnectEvent,
    Context,
    DisconnectEvent,
    Next,
    RegistrationError,
    Route,
    in_order,
    is_refusal,
)

from .attributes import Attributes
from .context import current_attributes, enter_tenant, keep_attributes, tenant_services
from .routes.lifecycle import register, unregister

Report = Callable[[Context, BaseException], Awaitable[None]]
"""Hears of an unexpected failure."""

MakeContext = Callable[[DisconnectEvent, object], Context]


def find_attributes(routes: Sequence[Route]) -> type[Attributes] | None:
    """Return the class of attributes that the `on_connect` handlers return, None if they return none.

    Raises RegistrationError for more than one class.
    """
    found = {kind for route in routes for kind in route.call.returned if issubclass(kind, Attributes)}
    if len(found) > 1:
        names = ", ".join(sorted(kind.__name__ for kind in found))
        raise RegistrationError(f"on_connect handlers return {names}: one class of attributes is kept")
    return next(iter(found), None)


class ConnectHandler:
    """Runs the application's handlers in order, then registers the connection.

    The first refusal wins, and leaves nothing in the store.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        # Innermost, so that other middlewares see no reply where there are attributes.
        keeping = [replace(each, middlewares=(*each.middlewares, _keep_attributes)) for each in routes]
        self._run = in_order(keeping) if keeping else _accept

    async def __call__(self, event: ConnectEvent, context: Context) -> Any:
        """Answer `$connect`."""
        reply = await self._run(context)
        if is_refusal(reply):
            return reply
        accepted = await register(context, event, current_attributes(context))
        return _merge(accepted, reply)


class DisconnectHandler:
    """Ends the connection, and runs the application's handlers at least once for each.

    They run after `$disconnect` or, when that never comes, in the sweep. A failure is reported, and the
    connection ends all the same.
    """

    def __init__(self, routes: Sequence[Route], make_context: MakeContext, report: Report) -> None:
        self._run = in_order(routes) if routes else None
        self._wants_attributes = any(
            issubclass(kind, Attributes) for each in routes for kind in each.call.asked
        )
        self._make_context = make_context
        self._report = report

    async def __call__(self, event: DisconnectEvent, context: Context) -> None:
        """Answer `$disconnect`."""

        async def on_end(ended: EndedConnection, _reason: str, _moment: Moment) -> None:
            await self._tell(context, ended)

        await unregister(context, event, on_end)

    def listener(self, services_of: Callable[[str], Any]) -> Callable[..., Awaitable[None]]:
        """Return the listener for connections that end without `$disconnect`."""

        async def on_end(ended: EndedConnection, reason: str, moment: Moment) -> None:
            context = self._make_context(_event(ended, reason, moment), _Deadline(moment))
            enter_tenant(context, services_of(ended.partition))
            await self._tell(context, ended)

        return on_end

    async def _tell(self, context: Context, ended: EndedConnection) -> None:
        if self._run is None or ended.connection is None:
            return
        try:
            if not context.identified:
                context.caller = _principal(ended)
            if self._wants_attributes:
                connections = tenant_services(context).connections
                keep_attributes(context, await connections.get_client_data(ended.connection_id))
            await self._run(context)
        except Exception as error:  # noqa: BLE001 - the connection has ended, whatever the application does
            await self._report(context, error)


class _Deadline:
    """As much of Lambda's context as the time left takes."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment

    def get_remaining_time_in_millis(self) -> int:
        return max(0, round(self._moment.time_left() * 1_000))


async def _accept(_context: Context) -> None:
    return None


async def _keep_attributes(context: Context, call_next: Next) -> Any:
    reply = await call_next(context)
    if not isinstance(reply, Attributes):
        return reply
    keep_attributes(context, reply.dump())
    return None


def _merge(accepted: Accept | None, reply: Any) -> Any:
    if reply is None or (isinstance(reply, Accept) and accepted is None):
        return accepted if reply is None else reply
    if isinstance(reply, Accept) and accepted is not None:
        return Accept(reply.subprotocol or accepted.subprotocol, reply.headers)
    return reply


def _principal(ended: EndedConnection) -> Principal:
    user_id = ended.user_id or ""
    return Principal(user_id, tenant=ended.partition, guest=is_guest(user_id))


def _event(ended: EndedConnection, reason: str, moment: Moment) -> DisconnectEvent:
    """Return the event that API Gateway did not send. The reason is the server's, without a close code."""
    connection = ended.connection
    request_id = f"sweep-{ended.connection_id}"
    connected_at = connection.connected_at if connection else moment.now
    request = {
        "routeKey": "$disconnect",
        "eventType": "DISCONNECT",
        "connectionId": ended.connection_id,
        "requestId": request_id,
        "connectedAt": connected_at,
        "requestTimeEpoch": moment.now,
        "disconnectReason": reason,
    }
    return DisconnectEvent(
        connection_id=ended.connection_id,
        request_id=request_id,
        route_key="$disconnect",
        stage="",
        domain_name="",
        api_id="",
        connected_at=connected_at,
        requested_at=moment.now,
        source_ip="",
        user_agent=None,
        authorizer={},
        raw={"requestContext": request, "isBase64Encoded": False},
        code=None,
        reason=reason,
    )
