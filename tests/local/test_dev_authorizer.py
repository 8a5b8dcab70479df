"""`signalbox dev --authorizer`: what it prints gets one in."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.local.test_dev import PATIENCE, start, wait_for


def signalbox(*arguments: str, text: str = "", **environment: str) -> str:
    """What the command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "signalbox", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        input=text,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return done.stdout


def test_everybody_is_who_they_prove_to_be_when_the_local_run_has_an_authorizer(tmp_path: Path) -> None:
    output = tmp_path / "output"
    process = start(output, "--port", "0", "--authorizer")
    try:
        wait_for(output, "more tokens")
        printed = output.read_text()
        (url,) = re.findall(r"WebSocket +(\S+)", printed)
        (invitation,) = re.findall(r"as user ann +(\S+)", printed)
        (key,) = re.findall(r"JWT_KEY=(\S+)", printed)
        (secret,) = re.findall(r"TICKET_SECRET=(\S+)", printed)
        token = signalbox("token", "--user", "bob", JWT_KEY=key).strip()
        ticket = signalbox("token", "--ticket", "--user", "cyd", TICKET_SECRET=secret).strip()

        answers = [
            signalbox("client", address, text='{"action": "whoami"}\n')
            for address in (invitation, f"{url}?token={token}", f"{url}?ticket={ticket}", url)
        ]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0

    users = [re.search(r'"user_id":"(\w+)', answer) for answer in answers]
    assert [user and user[1] for user in users] == ["ann", "bob", "cyd", "guest"]
