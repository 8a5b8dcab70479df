"""The types that every kind of sandbox and its callers share."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

MAX_PAYLOAD = 6_291_556
"""Largest event and largest answer in bytes: Lambda's 6 MB and its tolerance of 100 bytes."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function: `handler` is "module.function" in the folder `task_root`.

    `environment` overrides the variables that every sandbox has. `timeout` is in seconds.
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
    """One warm copy of a function. It takes one invocation at a time. The pool has the queue."""

    @property
    def name(self) -> str:
        """The prefix of its lines of output."""

    @property
    def pid(self) -> int | None:
        """The process that runs the function. None before `start`, and for a sandbox without a process."""

    @property
    def alive(self) -> bool:
        """Whether it can take another invocation. After `start`, it never becomes True again."""

    async def start(self) -> Failure | None:
        """Load the function. Return a `Failure` of kind `init` if that fails. There is no time limit."""

    def invoke(self, event: bytes, request_id: str, timeout: float) -> "asyncio.Future[Result]":
        """Begin to run the function once. It is killed after `timeout` seconds, which is a result too."""

    async def stop(self) -> None:
        """Stop at once, and release all resources. May be called at any time and repeatedly."""


MakeSandbox = Callable[[str, Function], Sandbox]
"""Creates a sandbox from its name and its function."""
