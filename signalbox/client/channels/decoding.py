"""Decodes frames of the server. Frames that are not of the protocol never raise an error here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..connection.frames import Frame
from ..errors import MalformedError
from ..values import (
    GatewayFrame,
    MalformedFrame,
    NewerFrame,
    Page,
    Position,
    Presence,
    PresenceUser,
    Publication,
    Push,
    Sender,
    UnknownFrame,
)

VERSION = 1

_PUSHES = frozenset(
    {"message", "broadcast.report", "presence.joined", "presence.left", "session.expiring", "error"}
)


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply to a request, or an error frame for it."""

    id: Any
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The server is about to close the connection because of ``code``. ``reconnect`` allows another one."""

    code: str
    reconnect: bool


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """The server has ended subscriptions because roles have changed."""

    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubscribeResult:
    """The server's answer to a subscribe for one channel. ``recovered`` is None without a ``since``."""

    channel: str
    position: Position | None
    recovered: bool | None
    publications: tuple[Publication, ...]


Unsolicited = Publication | Unsubscribed | Push | UnknownFrame | NewerFrame | MalformedFrame | GatewayFrame
"""Frames that answer no request and are not about the connection itself."""

Inbound = Reply | Disconnect | Unsolicited


def read_inbound(frame: Frame) -> Inbound:
    """Return the meaning of a frame."""
    match frame.fields:
        case None:
            return MalformedFrame(frame.text)
        case {"v": int(version)} if version != VERSION:
            return NewerFrame(version, frame.fields)
        case {"type": str(kind)}:
            return _read(kind, frame.fields) or MalformedFrame(frame.text)
        case {"message": str(message), "connectionId": _}:
            return GatewayFrame(message)
    return MalformedFrame(frame.text)


def read_position(value: object) -> Position | None:
    """Return the position in a field of a frame, or None. Raises MalformedError."""
    match value:
        case None:
            return None
        case {"epoch": str(epoch), "offset": int(offset)}:
            return Position(epoch, offset)
    raise _malformed("position")


def read_publication(channel: object, value: object) -> Publication:
    """Return the publication in a frame or in a list. Raises MalformedError."""
    match value:
        case {
            "position": place,
            "sender": {"user_id": str(user_id), "name": str(name)},
            "data": data,
            "sent_at": int(sent_at),
        } if isinstance(channel, str):
            return Publication(channel, read_position(place), Sender(user_id, name), data, sent_at)
    raise _malformed("publication")


def read_behind(fields: Mapping[str, Any]) -> dict[str, Position]:
    """Return the positions of the channels in which the client is behind. Malformed ones are left out."""
    match fields:
        case {"behind": dict(behind)}:
            places = {channel: _read_known_position(value) for channel, value in behind.items()}
            return {channel: place for channel, place in places.items() if place}
    return {}


def read_subscribe_results(fields: Mapping[str, Any]) -> list[SubscribeResult]:
    """Return the answers to a subscribe, one per channel. Raises MalformedError."""
    match fields:
        case {"channels": list(channels)}:
            return [_read_subscribe_result(channel) for channel in channels]
    raise _malformed("answer to a subscribe")


def read_page(fields: Mapping[str, Any]) -> Page:
    """Return a page of history. Raises MalformedError."""
    match fields:
        case {"channel": channel, "publications": list(found), "position": place, "more": bool(more)}:
            publications = tuple(read_publication(channel, each) for each in found)
            return Page(publications, read_position(place), more)
    raise _malformed("page of history")


def read_presence(fields: Mapping[str, Any]) -> Presence:
    """Return the users on a channel. Raises MalformedError."""
    match fields:
        case {"users": list(users), "count": int(count)}:
            return Presence(tuple(_read_user(user) for user in users), count)
    raise _malformed("presence")


def _read_known_position(value: object) -> Position | None:
    try:
        return read_position(value)
    except MalformedError:
        return None


def _read_subscribe_result(value: object) -> SubscribeResult:
    match value:
        case {
            "channel": str(channel),
            "position": place,
            "recovered": recovered,
            "publications": list(missed),
        }:
            publications = tuple(read_publication(channel, each) for each in missed)
            return SubscribeResult(channel, read_position(place), recovered, publications)
    raise _malformed("answer to a subscribe")


def _read_user(value: object) -> PresenceUser:
    match value:
        case {"user_id": str(user_id), "connections": list(connections)}:
            return PresenceUser(user_id, tuple(_read_name(connection) for connection in connections))
    raise _malformed("user")


def _read_name(value: object) -> str:
    match value:
        case {"name": str(name)}:
            return name
    raise _malformed("connection")


def _malformed(what: str) -> MalformedError:
    return MalformedError(f"the server's answer is not a valid {what}")


def _read(kind: str, fields: Mapping[str, Any]) -> Inbound | None:
    match fields:
        case {"id": request_id}:
            return Reply(request_id, fields)
        case {"type": "publication"}:
            return _read_pushed(fields)
        case {"type": "disconnect"}:
            return Disconnect(str(fields.get("code")), fields.get("reconnect") is True)
        case {"type": "channel.unsubscribed", "channels": list(channels)}:
            return Unsubscribed(tuple(map(str, channels)))
    return Push(kind, fields) if kind in _PUSHES else UnknownFrame(kind, fields)


def _read_pushed(fields: Mapping[str, Any]) -> Publication | None:
    try:
        return read_publication(fields.get("channel"), fields)
    except MalformedError:
        return None
