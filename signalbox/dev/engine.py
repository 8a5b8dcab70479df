"""The embedded AWS engine: ministack as a child process on a free loopback port."""

import os
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from random import SystemRandom
from typing import Self

from .environments import ENGINE, describe

PARENT_WATCH = Path(__file__).parents[1] / "gateway" / "sandboxes" / "parent_watch.py"
REGION = "us-east-1"


class EngineError(Exception):
    """The engine did not start; the text says where its output is."""


class Engine:
    """DynamoDB and SQS on loopback for as long as the context lasts; it dies with this process.

    `log` receives its output; `patience` is how many seconds it may take to become ready.
    Raises EngineError.
    """

    def __init__(self, log: Path, patience: float = 30.0) -> None:
        self.log = log
        self._patience = patience
        self._resources = ExitStack()
        self.port = 0

    @property
    def url(self) -> str:
        """Its endpoint, the same for every service."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The standard variables that point an AWS SDK at it."""
        return {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_DYNAMODB": self.url,
            "AWS_ENDPOINT_URL_SQS": self.url,
        }

    def __enter__(self) -> Self:
        """Start it and wait until it answers."""
        if not ENGINE.python.exists():
            raise EngineError("the embedded engine is not installed: run signalbox dev --setup")
        with ExitStack() as resources:
            try:
                self._start(resources)
            except OSError as error:
                raise EngineError(f"the embedded engine cannot be started: {describe(error)}") from error
            self._resources = resources.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop it and remove what it left on disk."""
        self._resources.close()

    def wait(self) -> int:
        """Block until it has ended, and return its exit status."""
        return self._process.wait()

    def _start(self, resources: ExitStack) -> None:
        # Its own default folders are shared between every engine on the machine.
        scratch = resources.enter_context(tempfile.TemporaryDirectory(prefix="signalbox-"))
        self.log.parent.mkdir(parents=True, exist_ok=True)
        output = resources.enter_context(self.log.open("wb"))
        self.port = free_port()
        process = subprocess.Popen(  # noqa: S603 - a fixed command
            [ENGINE.python, PARENT_WATCH, "ministack"],
            env=_environment(self.port, scratch),
            cwd=scratch,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        resources.callback(_stop, process)
        self._until_ready(process)
        self._process = process

    def _until_ready(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + self._patience
        while time.monotonic() < end:
            if process.poll() is not None:
                raise EngineError(
                    f"the embedded engine ended at once (status {process.returncode}); see {self.log}"
                )
            if _answers(self.port):
                return
            time.sleep(0.02)
        raise EngineError(f"the embedded engine did not answer within {self._patience:g} s; see {self.log}")


def _environment(port: int, scratch: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": scratch,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": "dynamodb,sqs",
        # Both would listen beyond loopback, whatever BIND_HOST says.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "STATE_DIR": scratch,
        "TMPDIR": scratch,
    }


def free_port() -> int:
    """A port on which nobody listens. Raises OSError if none is found.

    It is below those that the system gives away by itself, so that nobody is given it before it is used.
    """
    for port in SystemRandom().sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()
