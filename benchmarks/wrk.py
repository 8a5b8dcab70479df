"""wrk, an HTTP load generator in C: what a post costs that nobody signs."""

import re
import resource
import subprocess
import tempfile
from pathlib import Path

SECONDS = 2

_SCRIPT = """
wrk.method = "POST"
wrk.path = "/prod/@connections/R0oXAdfD0kwCH6w%3D"
wrk.body = string.rep("x", SIZE)
wrk.headers["x-amz-date"] = "20260101T000000Z"
wrk.headers["x-amz-security-token"] = string.rep("t", 900)
wrk.headers["authorization"] = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/execute-api/aws4_request"
  .. ", SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=" .. string.rep("0", 64)
"""


def measure(url: str, size: int, in_flight: int) -> tuple[float, float]:
    """The microseconds of processor time and of wall time a post of `size` bytes took."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "post.lua")
        script.write_text(_SCRIPT.replace("SIZE", str(size)))
        command = ["wrk", "-t1", f"-c{in_flight}", f"-d{SECONDS}s", "-s", str(script), url]
        before = _spent()
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - our own
        spent = _spent() - before
    posts = re.search(r"(\d+) requests in", run.stdout)
    rate = re.search(r"Requests/sec: +([\d.]+)", run.stdout)
    if not posts or not rate or "Non-2xx" in run.stdout:
        raise SystemExit(f"wrk did not post:\n{run.stdout}")
    return 1e6 * spent / int(posts[1]), 1e6 / float(rate[1])


def _spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
