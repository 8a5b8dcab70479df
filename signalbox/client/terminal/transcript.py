"""Frames as lines for people. Frames that are not of the protocol are shown as they are."""

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..connection.frames import Frame, compact

_ERRORS = {
    "bad_request": "the server could not read this",
    "invalid_message": "a field is missing or wrong",
    "unknown_route": "the server knows no such action",
    "too_large": "too large: the limit is 32,768 bytes",
    "unauthorized": "you are not signed in, or no longer",
    "forbidden": "you may not do this",
    "not_found": "nobody there",
    "conflict": "somebody else changed the same thing",
    "rate_limited": "too fast",
    "connection_gone": "the server no longer knows this connection; reconnect",
    "unavailable": "the backend is unavailable",
    "internal": "the backend failed; its log knows the request",
    "unknown_channel": "there are no such channels",
    "too_many_subscriptions": "a connection has at most 100 subscriptions",
    "history_gone": "what was published since is no longer kept",
}

_GATEWAY = {
    "Forbidden": "API Gateway: no route for this message",
    "Internal server error": "API Gateway: the backend failed or gave no valid answer",
    "Endpoint request timed out": "API Gateway: the backend took longer than 29 s",
}


class Tone(Enum):
    """The kind of a line. It decides the colour."""

    MESSAGE = "message"
    DIRECT = "direct"
    REPLY = "reply"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Line:
    """One or more rows of text to show, safe for a terminal."""

    text: str
    tone: Tone


def describe(frame: Frame) -> Line:
    """Return the line for a frame."""
    with contextlib.suppress(
        RecursionError, ValueError
    ):  # deep nesting and 1e999 can be read, but not written
        if frame.fields is not None and (line := _describe(frame.fields)):
            return line
    return Line(plain(frame.text), Tone.REPLY)


def clock(instant: int) -> str:
    """Return the local time of day at ``instant``, in epoch milliseconds."""
    try:
        return time.strftime("%H:%M:%S", time.localtime(instant / 1000))
    except (OverflowError, ValueError, OSError):
        return "--:--:--"


def content(data: object) -> str:
    """Return the text of ``{"text": …}``, otherwise the JSON."""
    match data:
        case {"text": str(text), **more} if not more:
            return text
    return compact(data)


def plain(text: str) -> str:
    """Return ``text`` with control characters as visible escapes, so that no terminal obeys them."""
    return "".join(c if c.isprintable() or c == "\N{ZERO WIDTH JOINER}" else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _describe(fields: Mapping[str, Any]) -> Line | None:
    match fields:
        case {"type": "message"}:
            return _describe_message(fields)
        case {"type": "publication"}:
            return _describe_publication(fields)
        case {"type": "error", "code": str(code)}:
            return Line(describe_error(code, fields), Tone.ERROR)
        case {"message": str(message), "connectionId": _}:
            return Line(_GATEWAY.get(message, f"API Gateway: {plain(message)}"), Tone.ERROR)
    text = _describe_reply(fields)
    return Line(text, Tone.REPLY) if text else None


def _describe_message(fields: Mapping[str, Any]) -> Line | None:
    match fields:
        case {"sender": {"name": str(name)}, "data": data, "sent_at": int(sent_at), "audience": audience}:
            to_you = audience == "you"
            arrow = "→ you from " if to_you else ""
            text = f"{clock(sent_at)} {arrow}{plain(name)}: {plain(content(data))}"
            return Line(text, Tone.DIRECT if to_you else Tone.MESSAGE)
    return None


def _describe_publication(fields: Mapping[str, Any]) -> Line | None:
    match fields:
        case {"channel": str(channel), "sender": {"name": str(name)}, "data": data, "sent_at": int(sent_at)}:
            text = f"{clock(sent_at)} {plain(channel)} {plain(name)}: {plain(content(data))}"
            return Line(text, Tone.MESSAGE)
    return None


def describe_error(code: str, fields: Mapping[str, Any]) -> str:
    """Return the text for an error frame."""
    text = [_ERRORS.get(code, plain(code))]
    problems = fields.get("fields")
    if isinstance(problems, list):
        text += [plain(f"{p['field']}: {p['problem']}") for p in problems if _is_problem(p)]
    if fields.get("retry") is True:
        text.append("try again")
    return f"error: {'; '.join(text)} [{plain(code)}, request {plain(str(fields.get('request_id')))}]"


def _is_problem(value: object) -> bool:
    return isinstance(value, dict) and {"field", "problem"} <= value.keys()


def _describe_reply(fields: Mapping[str, Any]) -> str | None:
    match fields:
        case {"type": "pong", "time": int(instant)}:
            return f"pong, the server's clock says {clock(instant)}"
        case {"type": "whoami", "user_id": str(user_id), "name": str(name), "expires_at": int(expires_at)}:
            until = clock(expires_at * 1000)
            return f"you are {plain(name)}, user id {plain(user_id)}; this connection ends by {until}"
        case {"type": "who", "people": list(people)}:
            return _describe_people(people, fields.get("cursor"))
        case {"type": "broadcast.sent", "queued": True, "recipients": 0}:
            return "on its way to many; the numbers follow"
        case {"type": "broadcast.sent" | "direct.sent" | "broadcast.report", "recipients": int(recipients)}:
            return _describe_report(recipients, fields)
    return _describe_presence(fields)


def _describe_presence(fields: Mapping[str, Any]) -> str | None:
    match fields:
        case {
            "type": "presence.joined" | "presence.left" as kind,
            "channel": str(channel),
            "user_id": str(user_id),
            "connection": {"name": str(name)},
        }:
            verb = "came to" if kind == "presence.joined" else "left"
            return f"{plain(name)}, user id {plain(user_id)}, {verb} {plain(channel)}"
        case {"type": "session.expiring", "within": int(seconds)}:
            return f"your session ends within {seconds} s"
        case {"type": "disconnect", "code": str(code)}:
            return f"the server is about to close the connection: {plain(code)}"
    return None


def _describe_people(people: list[Any], cursor: object) -> str:
    rows = [f"{len(people)} connected" if cursor is None else f"{len(people)} connected, and more"]
    for person in people:
        match person:
            case {"user_id": str(user_id), "name": str(name), "connected_at": int(since)}:
                rows.append(f"  {plain(name)}  {plain(user_id)}  since {clock(since)}")
    if cursor is not None:
        rows.append(f"  the next ones: /who {plain(str(cursor))}")
    return "\n".join(rows)


def _describe_report(recipients: int, fields: Mapping[str, Any]) -> str:
    text = f"sent to {fields.get('sent', recipients)} of {recipients}"
    lost = [f"{fields[name]} {name}" for name in ("gone", "slow", "failed") if fields.get(name)]
    text = plain(text + (f" ({', '.join(lost)})" if lost else ""))
    if fields.get("complete", True):
        return text
    return f"{text}, {'then time ran out' if fields['type'] == 'broadcast.report' else 'the rest follows'}"
