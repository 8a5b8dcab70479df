"""Fault plans: the faults that a local gateway injects. This module is loaded only for a plan.

    FaultPlan(Drop("disconnect"), Duplicate("message", chance=0.3), Shuffle("post", 5), seed=7)

A plan is a value, and prints as the Python code that creates it.

Faults are deterministic. They depend on the seed, the place of the fault in the plan, the number of the
connection (in the order in which `$connect` began) and the number of the item on that connection. Both
numbers start at 1. So the same plan has the same effects for the same clients, whatever runs beside them.
Four cases depend on timing: `nth` without a `connection`, `Throttle`, `Kill`, and a `Shuffle` whose time is
up.

All seconds are those of the gateway's clock, which runs `clock_rate` times as fast as the wall clock.
"""

import math
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from functools import partial
from typing import Any, ClassVar, Literal, get_args

from ..config import Throttle
from ..errors import ConfigError

Kind = Literal["connect", "message", "disconnect", "post"]
"""The kind of an item: an event for a function, or the frame of a post for a client."""

Seconds = float | tuple[float, float]
"""A number of seconds, or two bounds of a random one."""


class _Checked:
    __slots__ = ()

    def __post_init__(self) -> None:
        for each in _fields(type(self)):
            check(type(self), each, getattr(self, each.name))

    def __repr__(self) -> str:
        values = [(each, getattr(self, each.name)) for each in _fields(type(self))]
        arguments = [repr(value) for each, value in values if not each.kw_only]
        arguments += [
            f"{each.name}={value!r}" for each, value in values if each.kw_only and value != each.default
        ]
        return f"{type(self).__name__}({', '.join(arguments)})"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Fault(_Checked):
    """A fault of single items, narrowed to a `chance`, to a `connection` number and to the `nth` item.

    `nth` counts the items of the kind, on that connection or, without a `connection`, on all of them.
    Raises ConfigError for invalid values.
    """

    chance: float = 1.0
    connection: int | None = None
    nth: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Drop(Fault):
    """The item never arrives, and the sender does not notice. A connect is never dropped."""

    kind: Literal["message", "disconnect", "post"]


@dataclass(frozen=True, slots=True, repr=False)
class Delay(Fault):
    """The item arrives so many seconds later. A delayed post is answered at once nevertheless."""

    kind: Kind
    seconds: Seconds


@dataclass(frozen=True, slots=True, repr=False)
class Duplicate(Fault):
    """The item arrives twice, each copy with its own delays. The answer to the second copy is ignored."""

    kind: Kind


@dataclass(frozen=True, slots=True, repr=False)
class Shuffle(Fault):
    """Items wait until there are `window` of them, or for `within` seconds. They go on in random order.

    Messages and posts wait for others of their connection. Connects and disconnects wait for any others.
    """

    kind: Kind
    window: int
    within: float = field(default=0.2, kw_only=True)


@dataclass(frozen=True, slots=True, repr=False)
class Refuse(Fault):
    """A call of `@connections` gets this `status`. It has no effect, unless `delivered` is True."""

    status: int
    delivered: bool = field(default=False, kw_only=True)
    kind: ClassVar[str] = "call"


@dataclass(frozen=True, slots=True, repr=False)
class Hang(Fault):
    """A call of `@connections` gets no answer. It has no effect, unless `delivered` is True."""

    delivered: bool = field(default=False, kw_only=True)
    kind: ClassVar[str] = "call"


@dataclass(frozen=True, slots=True, repr=False)
class Stall(Fault):
    """A client stops reading `after` so many posts. Further posts get status 429, and replies are lost."""

    after: int = field(default=0, kw_only=True)
    kind: ClassVar[str] = "client"


@dataclass(frozen=True, slots=True, repr=False)
class Kill(_Checked):
    """A sandbox is killed at its `call`-th call to AWS, after the effect and before the answer.

    Calls to every http `AWS_ENDPOINT_URL…` in its environment count, including those of `@connections`. The
    first `times` sandboxes that reach this call are killed. New sandboxes replace them as usual.
    """

    call: int
    times: int = field(default=1, kw_only=True)


ItemFault = Drop | Delay | Duplicate | Shuffle | Refuse | Hang | Stall
"""A fault of single events, posts, calls or clients."""

AnyFault = ItemFault | Kill | Throttle
"""Any fault of a plan. A `Throttle` in a plan limits the calls of `@connections` only."""


@dataclass(frozen=True, slots=True, repr=False, init=False)
class FaultPlan(_Checked):
    """The faults to inject, a seed, and the speed of the gateway's clock. Raises ConfigError.

    That clock drives event times, throttles, and the idle and lifetime limits. Nothing else uses it.
    """

    faults: tuple[AnyFault, ...]
    seed: int = field(kw_only=True)
    clock_rate: float = field(kw_only=True)

    @property
    def kills(self) -> tuple[Kill, ...]:
        """The faults that kill sandboxes."""
        return tuple(fault for fault in self.faults if isinstance(fault, Kill))

    def __init__(self, *faults: AnyFault, seed: int = 0, clock_rate: float = 1.0) -> None:
        for name, value in (("faults", faults), ("seed", seed), ("clock_rate", clock_rate)):
            object.__setattr__(self, name, value)
        self.__post_init__()

    def __repr__(self) -> str:
        arguments = [*map(repr, self.faults), f"seed={self.seed}", f"clock_rate={self.clock_rate}"]
        return f"FaultPlan({', '.join(arguments)})"


def check(kind: type, each: Field[Any], value: object) -> None:
    """Raise ConfigError when `value` is invalid for a field of this kind of fault."""
    fits, words = _FITTING.get(each.name) or _one_of(get_args(each.type))
    if not fits(value):
        raise ConfigError(f"{each.name} of a {kind.__name__.lower()} is {value!r}, which is not {words}")


def _fields(kind: Any) -> tuple[Field[Any], ...]:
    return fields(kind)


def _is_whole(value: object, least: int = 0) -> bool:
    return type(value) is int and value >= least


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < math.inf


def _are_seconds(value: object) -> bool:
    bounds = value if isinstance(value, tuple) else (value, value)
    return len(bounds) == 2 and all(map(_is_number, bounds)) and bounds[0] <= bounds[1]


def _one_of(choices: tuple[str, ...]) -> tuple[Callable[[Any], bool], str]:
    return choices.__contains__, f"one of {', '.join(choices)}"


_ORDINAL: tuple[Callable[[Any], bool], str] = (partial(_is_whole, least=1), "a whole number from 1")
_FITTING: dict[str, tuple[Callable[[Any], bool], str]] = {
    "chance": (lambda value: _is_number(value) and value <= 1, "a number from 0 to 1"),
    "connection": (lambda value: value is None or _is_whole(value, 1), _ORDINAL[1]),
    "nth": (lambda value: value is None or _is_whole(value, 1), _ORDINAL[1]),
    "seconds": (_are_seconds, "a number of seconds, or two"),
    "window": (partial(_is_whole, least=2), "a whole number from 2"),
    "within": (_is_number, "a number of seconds"),
    "status": (lambda value: _is_whole(value, 400) and value < 600, "an HTTP status from 400 to 599"),
    "delivered": (lambda value: type(value) is bool, "true or false"),
    "after": (_is_whole, "a whole number"),
    "call": _ORDINAL,
    "times": _ORDINAL,
    "rate": (_is_number, "a number"),
    "burst": (_is_whole, "a whole number"),
    "faults": (lambda value: all(isinstance(fault, AnyFault) for fault in value), "made of faults"),
    "seed": (lambda value: type(value) is int, "a whole number"),
    "clock_rate": (lambda value: _is_number(value) and value > 0, "a number above 0"),
}
