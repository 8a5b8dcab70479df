"""What runs a function: the words every kind of sandbox and its callers share."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

MAX_PAYLOAD = 6_291_556
"""Largest event and largest answer in bytes: Lambda's 6 MB, and the 100 bytes it grants on top."""


@dataclass(frozen=True, slots=True)
class Function:
    """What a sandbox runs: `handler` is "module.function", found from `task_root`.

    `environment` is added to the variables every sandbox gets, and wins over them. `timeout` is in seconds.
    """

    handler: str
    task_root: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    name: str = "local"
    timeout: float = 3.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes that the function returned. Usually JSON, but not checked (they may hold NaN).

    `sandbox` is the name of the sandbox, added by the pool.
    """

    payload: bytes
    sandbox: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason why there is no answer.

    `kind` is `error` (the function raised), `timeout` (it was killed), `crashed` (its process ended), `init`
    (its code could not be loaded) or `too_large` (event or answer exceeds `MAX_PAYLOAD`). `error_type` is a
    name in Lambda's terms, for example `KeyError` or `Sandbox.Timedout`. `unauthorized` is True when the text
    of the error is "Unauthorized" (W54). `message` is the text of an `init` error. Other texts are in the
    sandbox's output only. `detail` is the gateway's own explanation, `sandbox` is as in an Answer.
    `message`, `detail` and `sandbox` are not compared.
    """

    kind: Literal["error", "timeout", "crashed", "init", "too_large"]
    error_type: str
    unauthorized: bool = False
    message: str = field(default="", compare=False)
    detail: str = field(default="", compare=False)
    sandbox: str = field(default="", compare=False)


Result = Answer | Failure


class Sandbox(Protocol):
    """One warm copy of a function. It takes one invocation at a time; the queue belongs to the pool."""

    @property
    def name(self) -> str:
        """What its lines of output are marked with."""

    @property
    def pid(self) -> int | None:
        """The process that runs the function; None before `start` and for a sandbox without one."""

    @property
    def alive(self) -> bool:
        """Whether it can take another invocation; never true again once false after `start`."""

    async def start(self) -> Failure | None:
        """Load the function; a `Failure` of kind `init` when it cannot be loaded. Has no time limit."""

    def invoke(self, event: bytes, request_id: str, timeout: float) -> "asyncio.Future[Result]":
        """Begin to run the function once; after `timeout` seconds it is killed. A result always comes."""

    async def stop(self) -> None:
        """End it, whatever it is doing, and free what it holds. May be called at any time, and again."""


MakeSandbox = Callable[[str, Function], Sandbox]
"""Creates a sandbox from its name and its function."""
