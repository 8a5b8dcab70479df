"""The request log: one line for each event and each refusal. It contains no text from a client.

At the level DEBUG it shows the events too, and masks values that look like secrets.
"""

import json
import logging
import os
import re
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Literal, TextIO

LogFormat = Literal["text", "json"]

_log = logging.getLogger("signalbox.gateway")
_SECRET = re.compile(
    r"authorization|cookie|token|ticket|sec-websocket-protocol|secret|password|api-key|^client$",
    re.IGNORECASE,
)
_PLACES = ("headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters")
_COLOURS = {logging.INFO: 32, logging.WARNING: 33, logging.ERROR: 31}
_COLOURS_OF_CONNECTIONS = (34, 35, 36, 94, 95, 96)
_CLOCK = "%H:%M:%S"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line: connection id (empty before there is one), route or HTTP method, and result.

    `seconds` is the run time of the function, or None without a call. `sandbox` is empty without an answer.
    """

    connection: str
    route: str
    result: str
    sandbox: str
    seconds: float | None

    def columns(self) -> tuple[str, str, str]:
        """Return connection, call and result as text in columns."""
        took = "" if self.seconds is None else f"{self.seconds * 1000:.1f} ms"
        what = f"{self.route:12} {self.sandbox or '-':12} {took:>11}"
        return f"{self.connection or '-':16}", what, self.result

    def fields(self) -> dict[str, object]:
        """Return the same as JSON fields. Empty values are absent."""
        fields: dict[str, object] = {
            "connection": self.connection,
            "route": self.route,
            "sandbox": self.sandbox,
        }
        if self.seconds is not None:
            fields["ms"] = round(self.seconds * 1000, 1)
        return {name: value for name, value in fields.items() if value != ""} | {"result": self.result}

    def __str__(self) -> str:
        who, what, result = self.columns()
        return f"{who} {what}  {result}"


@dataclass(frozen=True, slots=True)
class MaskedEvent:
    """An event as the function gets it, with its secrets masked."""

    payload: bytes

    def fields(self) -> dict[str, object]:
        """Return the event as a JSON field."""
        event: dict[str, Any] = json.loads(self.payload)
        for place in _PLACES:
            if place in event:
                event[place] = {name: _masked(name, value) for name, value in event[place].items()}
        return {"event": event}

    def __str__(self) -> str:
        return json.dumps(self.fields()["event"], indent=2)


class TextFormatter(logging.Formatter):
    """Text lines. Each connection has a colour, and a result has the colour of its level."""

    def __init__(self, *, colour: bool) -> None:
        super().__init__("%(asctime)s.%(msecs)03d %(message)s", _CLOCK)
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of one record."""
        said: object = record.msg
        if not isinstance(said, LogEntry):
            return super().format(record)
        who, what, result = said.columns()
        if self._colour:
            own = _COLOURS_OF_CONNECTIONS[zlib.crc32(who.encode()) % len(_COLOURS_OF_CONNECTIONS)]
            who, result = _painted(who, own), _painted(result, _COLOURS[record.levelno])
        moment = f"{_clock(int(record.created))}.{int(record.msecs):03}"
        return f"{moment} {who} {what}  {result}"


class JsonFormatter(logging.Formatter):
    """JSON lines: one object for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of one record."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said: object = record.msg
        fields = (
            said.fields() if isinstance(said, LogEntry | MaskedEvent) else {"message": super().format(record)}
        )
        return json.dumps({"time": moment, "level": record.levelname.lower(), **fields})


def log_to(stream: TextIO, *, log_format: LogFormat = "text", debug: bool = False) -> None:
    """Log to `stream`. Text is in colour when the stream is a terminal and NO_COLOR is not set."""
    colour = stream.isatty() and not os.environ.get("NO_COLOR")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter(colour=colour))
    logging.getLogger().addHandler(handler)
    _log.setLevel(logging.DEBUG if debug else logging.INFO)


def record(
    connection_id: str,
    route: str,
    status: int,
    verdict: str,
    *,
    sandbox: str = "",
    seconds: float | None = None,
) -> None:
    """Log the result of one event. `status` is its HTTP status, or the equivalent one."""
    level = _level(status)
    if _log.isEnabledFor(level):
        entry = LogEntry(connection_id, route, _printable(f"{status} {verdict}"), sandbox, seconds)
        # `log` would search the stack for the caller, which is slow.
        _log.handle(logging.LogRecord(_log.name, level, __file__, 0, entry, None, None))


def show(payload: bytes) -> None:
    """Log an event at the level DEBUG."""
    if _log.isEnabledFor(logging.DEBUG):
        _log.debug(MaskedEvent(payload))


def _level(status: int) -> int:
    """Return WARNING for errors and excesses of a client, ERROR for errors of a function."""
    if status < HTTPStatus.BAD_REQUEST:
        return logging.INFO
    return logging.WARNING if status < HTTPStatus.INTERNAL_SERVER_ERROR else logging.ERROR


def _printable(text: str) -> str:
    """Shorten a text to one line. A function chooses the type names of its errors freely."""
    line = text[:80]
    return line if line.isprintable() else "".join(filter(str.isprintable, line))


@lru_cache(1)
def _clock(second: int) -> str:
    return time.strftime(_CLOCK, time.localtime(second))


def _masked(name: str, value: Any) -> Any:
    return "***" if value and _SECRET.search(name) else value


def _painted(text: str, colour: int) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m"
