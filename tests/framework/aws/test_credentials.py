"""Covers signalbox.aws.keys."""

import asyncio
import sys
import threading
from pathlib import Path

import pytest

from signalbox.aws.credentials import MAX_AGE, Credentials
from signalbox.aws.errors import CredentialsError
from signalbox.aws.keys import Keys
from tests.framework.publisher.conftest import KEYS


class Chain:
    """A chain that finds a new key every time it is asked."""

    def __init__(self, *failures: Exception) -> None:
        self.found = 0
        self.asked = 0
        self.failures = list(failures)
        self.threads: set[int] = set()
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self) -> "Chain":
        self.found += 1
        return self

    def keys(self) -> Keys:
        self.asked += 1
        self.threads.add(threading.get_ident())
        self.may_answer.wait(timeout=10)
        if self.failures:
            raise self.failures.pop(0)
        return Keys(f"key-{self.asked}", "secret")


def from_chain(chain: Chain, clock: list[float]) -> Credentials:
    return Credentials({}, chain=lambda: chain().keys, clock=lambda: clock[0])


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without keys."""
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    return monkeypatch


async def test_keys_are_the_environments_when_it_has_them() -> None:
    credentials = Credentials(KEYS, chain=lambda: pytest.fail("asked the chain"))

    assert credentials.current() is None
    keys = await credentials.load()
    assert keys == Keys("AKIDEXAMPLE", "canary-secret", "canary-token")
    assert credentials.current() is keys


async def test_token_is_none_when_the_environment_has_none() -> None:
    credentials = Credentials({**KEYS, "AWS_SESSION_TOKEN": ""})

    assert (await credentials.load()).session_token is None


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
async def test_chain_is_asked_when_the_environment_is_incomplete(missing: str) -> None:
    credentials = Credentials({**KEYS, missing: ""}, chain=lambda: Chain().keys)

    assert (await credentials.load()).access_key == "key-1"


async def test_chain_is_asked_once_and_off_the_loop_when_many_need_keys() -> None:
    chain = Chain()
    credentials = from_chain(chain, [0.0])
    chain.may_answer.clear()
    tasks = [asyncio.create_task(credentials.load()) for _ in range(50)]
    await asyncio.sleep(0)

    chain.may_answer.set()
    keys = await asyncio.gather(*tasks)

    assert {each.access_key for each in keys} == {"key-1"}
    assert (chain.found, chain.asked) == (1, 1)
    assert threading.get_ident() not in chain.threads


async def test_keys_are_asked_for_again_when_they_have_been_used_long_enough() -> None:
    clock, chain = [0.0], Chain()
    credentials = from_chain(chain, clock)
    await credentials.load()

    clock[0] = MAX_AGE - 1
    assert credentials.current() == Keys("key-1", "secret")
    clock[0] = MAX_AGE
    assert credentials.current() is None
    assert (await credentials.load()).access_key == "key-2"
    assert chain.found == 1


async def test_failure_is_typed_short_lived_and_says_no_secret_when_the_chain_fails() -> None:
    clock, chain = [0.0], Chain(OSError("canary"))
    credentials = from_chain(chain, clock)

    for _ in range(20):
        with pytest.raises(CredentialsError) as failure:
            await credentials.load()
        assert "canary" not in str(failure.value)
    assert chain.asked == 1
    clock[0] = 1.0
    assert (await credentials.load()).access_key == "key-2"


async def test_extra_is_named_when_the_chain_is_needed_and_boto3_is_not_installed(
    nobody: pytest.MonkeyPatch,
) -> None:
    nobody.setitem(sys.modules, "boto3", None)

    with pytest.raises(CredentialsError, match=r"pip install 'signalbox\[boto3\]'"):
        await Credentials().load()


async def test_other_keys_are_loaded_when_the_ones_in_use_were_refused() -> None:
    chain = Chain()
    credentials = from_chain(chain, [0.0])
    first = await credentials.load()

    credentials.forget(Keys("of long ago", "secret"))
    assert credentials.current() is first
    credentials.forget(first)
    assert credentials.current() is None
    assert (await credentials.load()).access_key == "key-2"


async def test_there_are_no_keys_when_boto3_finds_none(nobody: pytest.MonkeyPatch) -> None:
    with pytest.raises(CredentialsError):
        await Credentials().load()


async def test_keys_are_the_profiles_when_boto3_finds_one(nobody: pytest.MonkeyPatch, tmp_path: Path) -> None:
    profiles = tmp_path / "credentials"
    profiles.write_text("[team]\naws_access_key_id = AKIDTEAM\naws_secret_access_key = secret\n")
    nobody.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profiles))
    nobody.setenv("AWS_PROFILE", "team")

    assert await Credentials().load() == Keys("AKIDTEAM", "secret", None)


async def test_secrets_stay_hidden_when_keys_are_printed() -> None:
    credentials = Credentials(KEYS)

    assert "canary" not in repr([await credentials.load(), credentials])
