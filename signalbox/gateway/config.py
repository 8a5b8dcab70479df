"""What the local gateway is told: where it listens, which API it plays, what it runs and its limits."""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from .authorizer.identity_source import IdentitySource
from .errors import ConfigError
from .events.selection import RouteSelection

SandboxKind = Literal["runtime", "socket"]

RESERVED_ROUTES = frozenset({"$connect", "$disconnect", "$default"})
"""The route keys that have a meaning of their own (W74)."""

_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
_KEY_ID = re.compile(r"[A-Za-z0-9_]{1,128}")
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_VARIABLE_VALUE = re.compile(r"[A-Za-z0-9._~:/?#&=,-]{1,512}")


def default_sandbox() -> SandboxKind:
    """AWS's own runtime client where it is installed, our portable worker elsewhere."""
    return "runtime" if find_spec("awslambdaric") else "socket"


def default_sandboxes() -> int:
    """One a core; but what handlers do most is wait, and then eight are better than two."""
    return max(8, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds. The defaults are AWS's where AWS publishes one.

    `integration_timeout` is how long the gateway waits for a function, `function_timeout` how long a function
    may run: the first gives up, the second kills. `send_buffer` is what may wait for a client that does not
    read, `close_grace` how long a client may take to answer a close. A connection lasts `idle` without
    traffic and `lifetime` in all. Raises ConfigError.
    """

    frame: int = 32_768
    message: int = 131_072
    integration_timeout: float = 29.0
    function_timeout: float = 25.0
    init_timeout: float = 10.0
    head_timeout: float = 10.0
    send_buffer: int = 1_048_576
    close_grace: float = 2.0
    messages_in_flight: int = 32
    idle: float = 600.0
    lifetime: float = 7_200.0

    def __post_init__(self) -> None:
        for limit in fields(self):
            _require(getattr(self, limit.name) > 0, f"limit {limit.name} must be positive")


@dataclass(frozen=True, slots=True)
class Throttle:
    """What may come: `rate` requests a second, and `burst` at once. Raises ConfigError."""

    rate: float
    burst: int

    def __post_init__(self) -> None:
        _require(self.rate >= 0 and self.burst >= 0, "a throttle's rate and burst must not be negative")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whose signature a call of `@connections` must carry (W13). Raises ConfigError."""

    key_id: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        _require(bool(_KEY_ID.fullmatch(self.key_id)), "an access key id has letters, digits and '_' only")
        _require(bool(self.secret), "credentials have an empty secret")


@dataclass(frozen=True, slots=True)
class Config:
    """One stage of a local API: its address, its routes and how functions are run. Raises ConfigError.

    `port` 0 takes a free one; `prefix` precedes the stage in every URL, where several APIs share a port.
    `routes` are the deployed route keys, `two_way` those with a route response, whose function's answer goes
    back to the client, `route_selection` the expression that chooses one (W72). `stage_variables` are in
    every event. `authorizer` names the function in front of `$connect`, asked when none of the
    `identity_sources` is empty (W85). `throttle` is the stage's, `route_throttles` those of single routes;
    without any nothing is ever refused. `integration_timeouts` are those of single routes, in seconds, where
    they are not that of the limits. With `credentials`, calls of `@connections` must be signed, and the
    functions have them. `sandboxes` is how many of each function may run at once. `environment` is added to
    the functions' own, and wins. `in_process` runs the function in the gateway, one event at a time and
    without a function timeout. `reload` replaces sandboxes when Python files change.
    """

    host: str = "127.0.0.1"
    port: int = 3001
    stage: str = "local"
    prefix: str = ""
    region: str = "us-east-1"
    api_id: str = "signalbox0"
    routes: frozenset[str] = RESERVED_ROUTES
    two_way: frozenset[str] = frozenset({"$default"})
    route_selection: str = "$request.body.action"
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    authorizer: str | None = None
    identity_sources: tuple[str, ...] = ()
    throttle: Throttle | None = None
    route_throttles: Mapping[str, Throttle] = field(default_factory=dict)
    integration_timeouts: Mapping[str, float] = field(default_factory=dict)
    credentials: Credentials | None = None
    sandboxes: int = field(default_factory=default_sandboxes)
    sandbox: SandboxKind = field(default_factory=default_sandbox)
    in_process: bool = False
    reload: bool = False
    task_root: Path = field(default_factory=Path.cwd)
    page: Path | None = None
    page_mounts: Mapping[str, Path] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        _require(
            _is_loopback(self.host),
            f"host {self.host!r} is not a loopback address; this is no server for strangers",
        )
        _require(0 <= self.port <= 65_535, f"port {self.port} is not between 0 and 65535")
        _require(
            bool(_STAGE.fullmatch(self.stage)),
            f"stage {self.stage!r} has more than letters, digits, '-' and '_'",
        )
        _require(not self.prefix or bool(_STAGE.fullmatch(self.prefix)), f"prefix {self.prefix!r} is no name")
        _require("" not in self.routes, "a route key is empty")
        for key in self.routes:
            _require(key in RESERVED_ROUTES or not key.startswith("$"), f"route key {key!r} is reserved")
        _require(
            self.two_way <= self.routes | RESERVED_ROUTES,
            "a route response belongs to a route that does not exist",
        )
        _require(
            self.route_throttles.keys() <= self.routes, "a throttle belongs to a route that does not exist"
        )
        for key, seconds in self.integration_timeouts.items():
            _require(key in self.routes and seconds > 0, f"the timeout of route {key!r} makes no sense")
        RouteSelection(self.route_selection)
        for source in self.identity_sources:
            IdentitySource(source)
        _require(
            self.authorizer is not None or not self.identity_sources,
            "an identity source belongs to an authorizer that does not exist",
        )
        _require(
            self.authorizer is None or "$connect" in self.routes,
            "an authorizer stands in front of $connect, which does not exist",
        )
        for name, value in self.stage_variables.items():
            is_good = _VARIABLE_NAME.fullmatch(name) and _VARIABLE_VALUE.fullmatch(value)
            _require(bool(is_good), f"stage variable {name!r} has a name or a value that no stage can have")
        _require(self.sandboxes >= 1, "at least one sandbox is needed")
        _require(self.page is None or self.page.is_dir(), f"page folder {self.page} does not exist")
        _require(
            not (self.reload and self.in_process),
            "code that runs in the gateway's process cannot be reloaded",
        )

    @property
    def path(self) -> str:
        """What is between the host and the query of a URL, without slashes at its ends (W1)."""
        return f"{self.prefix}/{self.stage}".lstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require(condition: bool, complaint: str) -> None:
    if not condition:
        raise ConfigError(complaint)
