"""The conformance suite against an API that it did not start."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT

from signalbox.gateway import Config, Credentials
from signalbox.gateway.template import TemplateGateway
from tests.conftest import ROOT

PATIENCE = 120.0
SUITE = ROOT / "tests" / "conformance"
FILES = [SUITE / name for name in ("test_events.py", "test_open_points.py", "test_throttling.py")]


async def test_suite_passes_and_says_what_it_found_when_the_api_is_elsewhere() -> None:
    config = Config(port=0, credentials=Credentials("testing", "testing"))
    async with TemplateGateway(SUITE / "template.yaml", config) as gateway:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *map(str, FILES)),
            cwd=ROOT,
            env=os.environ | {"SIGNALBOX_CONFORMANCE_URL": gateway.websocket_url},
            stdout=PIPE,
            stderr=STDOUT,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                output = (await process.communicate())[0].decode()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, output
    assert re.search(r"^W22  410$", output, re.MULTILINE), output
    assert re.search(r"^W77  1009 ''$", output, re.MULTILINE), output
    assert re.search(r"^W91  not asked$", output, re.MULTILINE), output
    assert "only a gateway of this machine has a clock and throttle of a test's own" in output
