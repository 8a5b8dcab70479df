"""The settings of a local gateway: its address, its API, its functions and its limits."""

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
"""The route keys with a predefined meaning (W74)."""

_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
_KEY_ID = re.compile(r"[A-Za-z0-9_]{1,128}")
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_VARIABLE_VALUE = re.compile(r"[A-Za-z0-9._~:/?#&=,-]{1,512}")


def default_sandbox() -> SandboxKind:
    """Return AWS's own runtime client if it is installed, otherwise the portable socket worker."""
    return "runtime" if find_spec("awslambdaric") else "socket"


def default_sandboxes() -> int:
    """Return one per core, but at least eight, because most handlers wait most of the time."""
    return max(8, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes and times in seconds. The defaults are those of AWS, where AWS publishes them.

    `integration_timeout` ends the wait for a function, which goes on. `function_timeout` kills the function.
    `send_buffer` limits the frames that wait for a client. `close_grace` is the time to answer a close. A
    connection ends after `idle` seconds without traffic, and after `lifetime` anyway. Raises ConfigError.
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
    """A token bucket: `rate` requests a second, and `burst` at once. Raises ConfigError."""

    rate: float
    burst: int

    def __post_init__(self) -> None:
        _require(self.rate >= 0 and self.burst >= 0, "a throttle's rate and burst must not be negative")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The access key that must sign calls of `@connections` (W13). Raises ConfigError."""

    key_id: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        _require(bool(_KEY_ID.fullmatch(self.key_id)), "an access key id has only letters, digits and '_'")
        _require(bool(self.secret), "credentials need a secret")


@dataclass(frozen=True, slots=True)
class Config:
    """One stage of a local API: its address, its routes and its functions. Raises ConfigError.

    Address: `port` 0 takes a free port. `prefix` precedes the stage in URLs when several APIs share a port.

    API: `routes` are the route keys. `two_way` are the routes with a route response, so that their answers
    are sent to the client. `route_selection` is the route selection expression (W72). Every event has the
    `stage_variables`. `authorizer` is the "module.function" in front of `$connect`. It is invoked when every
    one of the `identity_sources` has a value (W85). `throttle` limits the stage, `route_throttles` single
    routes. Without throttles no request is refused. `integration_timeouts` are seconds of single routes, and
    override the limits. With `credentials`, calls of `@connections` must be signed with them.

    Functions: `sandboxes` is the number per function. `environment` overrides a function's own variables.
    `in_process` runs the function in this process, one event at a time and without a function timeout.
    `reload` restarts sandboxes when Python files change.
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
            f"host {self.host!r} is not a loopback address: use 127.0.0.1, ::1 or localhost",
        )
        _require(0 <= self.port <= 65_535, f"port {self.port} is not between 0 and 65535")
        _require(
            bool(_STAGE.fullmatch(self.stage)),
            f"stage {self.stage!r} is invalid: use 1 to 128 letters, digits, '-' and '_'",
        )
        _require(
            not self.prefix or bool(_STAGE.fullmatch(self.prefix)),
            f"prefix {self.prefix!r} is invalid",
        )
        _require("" not in self.routes, "a route key is empty")
        for key in self.routes:
            _require(key in RESERVED_ROUTES or not key.startswith("$"), f"route key {key!r} is reserved")
        _require(
            self.two_way <= self.routes | RESERVED_ROUTES,
            "a route response belongs to a missing route: add the route too",
        )
        _require(
            self.route_throttles.keys() <= self.routes,
            "a throttle belongs to a missing route",
        )
        for key, seconds in self.integration_timeouts.items():
            _require(
                key in self.routes and seconds > 0,
                f"the timeout of route {key!r} is invalid",
            )
        RouteSelection(self.route_selection)
        for source in self.identity_sources:
            IdentitySource(source)
        _require(
            self.authorizer is not None or not self.identity_sources,
            "an identity source needs an authorizer: add the authorizer too",
        )
        _require(
            self.authorizer is None or "$connect" in self.routes,
            "an authorizer needs the route $connect: add the route too",
        )
        for name, value in self.stage_variables.items():
            is_good = _VARIABLE_NAME.fullmatch(name) and _VARIABLE_VALUE.fullmatch(value)
            _require(
                bool(is_good),
                f"stage variable {name!r} is invalid: API Gateway would refuse it",
            )
        _require(self.sandboxes >= 1, "sandboxes must be at least 1")
        _require(self.page is None or self.page.is_dir(), f"page folder {self.page} does not exist")
        _require(
            not (self.reload and self.in_process),
            "reload and in_process exclude each other: remove one of them",
        )

    @property
    def path(self) -> str:
        """The path of the stage in a URL, without slashes at its ends (W1)."""
        return f"{self.prefix}/{self.stage}".lstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require(condition: bool, complaint: str) -> None:
    if not condition:
        raise ConfigError(complaint)
