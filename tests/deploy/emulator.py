"""All of AWS that a deploy needs, on loopback: ministack with every service, and with IAM if asked."""

import os
import signal
import ssl
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

from signalbox.dev.engine import PARENT_WATCH, REGION, free_port
from signalbox.dev.environments import ENGINE

ACCOUNT = "000000000000"
PATIENCE = 120.0
_ONCE = Config(read_timeout=PATIENCE, retries={"total_max_attempts": 1})


class Emulator:
    """An emulator for as long as the context lasts; `guarded`: over TLS, calls judged by IAM policies."""

    def __init__(self, log: Path, *, guarded: bool) -> None:
        self._log = log
        self._guarded = guarded
        self._resources = ExitStack()
        self._clients: dict[tuple[str, str | None], Any] = {}

    def __enter__(self) -> Self:
        """Start it, and wait until it answers."""
        self.port = free_port()
        with ExitStack() as resources:
            self._scratch = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="signalbox-")))
            output = resources.enter_context(self._log.open("wb"))
            self._process = subprocess.Popen(
                [ENGINE.python, PARENT_WATCH, "ministack"],
                env=self._settings(),
                cwd=self._scratch,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            resources.callback(self._stop)
            self._until_ready()
            self._resources = resources.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop it and remove what it left on disk."""
        self._resources.close()

    @property
    def url(self) -> str:
        """Its endpoint, the same for every service."""
        return f"{'https' if self._guarded else 'http'}://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        """What its TLS is verified with."""
        return self._scratch / "ministack-tls" / "server.crt"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point the CDK and every SDK at it."""
        trust = ("NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE", "SSL_CERT_FILE") if self._guarded else ()
        return {
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_S3": self.url,
            **dict.fromkeys(trust, str(self.certificate)),
        }

    @property
    def tls(self) -> ssl.SSLContext | None:
        """How a client's socket trusts it; None where there is no TLS."""
        return ssl.create_default_context(cafile=self.certificate) if self._guarded else None

    def client(self, service: str, endpoint: str | None = None) -> Any:
        """boto3's client for one of its services, as the account's root."""
        if (service, endpoint) not in self._clients:
            made = self.client_of(service, ACCOUNT, "local", endpoint or self.url)
            self._clients[service, endpoint] = made
        return self._clients[service, endpoint]

    def client_of(self, service: str, key_id: str, secret: str, endpoint: str | None = None) -> Any:
        """boto3's client for one of its services, as the owner of an access key."""
        verify = str(self.certificate) if self._guarded else None
        session: Any = boto3.Session(key_id, secret, region_name=REGION)
        made = session.client(service, endpoint_url=endpoint or self.url, verify=verify, config=_ONCE)
        self._resources.callback(made.close)
        return made

    def _settings(self) -> dict[str, str]:
        settings = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._scratch),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "STATE_DIR": str(self._scratch),
            "TMPDIR": str(self._scratch),
        }
        return {**settings, "USE_SSL": "1", "AUTH": "true"} if self._guarded else settings

    def _until_ready(self) -> None:
        end = time.monotonic() + PATIENCE
        while f"Running on {self.url} " not in self._log.read_text():
            assert self._process.poll() is None, f"the emulator ended; see {self._log}"
            assert time.monotonic() < end, f"the emulator is not ready; see {self._log}"
            time.sleep(0.05)

    def _stop(self) -> None:
        # Nothing of it is to be kept, and its own way out waits for every sandbox.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdin
        self._process.stdin.close()


def listing(emulator: Emulator) -> dict[str, list[str]]:
    """Everything a stage may leave behind, by kind."""
    pages = {
        "tables": ("dynamodb", "list_tables", "TableNames"),
        "functions": ("lambda", "list_functions", "Functions"),
        "event sources": ("lambda", "list_event_source_mappings", "EventSourceMappings"),
        "APIs": ("apigatewayv2", "get_apis", "Items"),
        "queues": ("sqs", "list_queues", "QueueUrls"),
        "topics": ("sns", "list_topics", "Topics"),
        "secrets": ("secretsmanager", "list_secrets", "SecretList"),
        "roles": ("iam", "list_roles", "Roles"),
        "log groups": ("logs", "describe_log_groups", "logGroups"),
        "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms"),
        "dashboards": ("cloudwatch", "list_dashboards", "DashboardEntries"),
        "rules": ("events", "list_rules", "Rules"),
        "schedules": ("scheduler", "list_schedules", "Schedules"),
    }
    return {
        kind: sorted(map(str, getattr(emulator.client(service), call)().get(key, [])))
        for kind, (service, call, key) in pages.items()
    }
