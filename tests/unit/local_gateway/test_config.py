"""Settings that make no sense are one clear line."""

from pathlib import Path
from typing import Any

import pytest

from local_gateway import Config, ConfigError, Limits, LocalGateway


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"host": "0.0.0.0"}, "host '0.0.0.0' is not a loopback address"),
        ({"host": "example.com"}, "host 'example.com' is not a loopback address"),
        ({"port": -1}, "port -1"),
        ({"port": 65_536}, "port 65536"),
        ({"stage": ""}, "stage ''"),
        ({"stage": "a/b"}, "stage 'a/b'"),
        ({"stage": "x" * 129}, "stage"),
        ({"routes": frozenset({"$other"})}, "route key '$other' is reserved"),
        ({"two_way": frozenset({"unknown"})}, "a route response"),
        ({"sandboxes": 0}, "at least one sandbox"),
        ({"page": Path("does-not-exist")}, "page folder does-not-exist"),
    ],
)
def test_config_is_refused_when_a_setting_makes_no_sense(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config(**settings)
    assert str(caught.value).startswith(complaint)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_config_is_accepted_when_the_host_is_loopback(host: str) -> None:
    assert Config(host=host).host == host


def test_limits_are_refused_when_one_is_not_positive() -> None:
    with pytest.raises(ConfigError, match="limit head_timeout must be positive"):
        Limits(head_timeout=0)


@pytest.mark.parametrize(
    "handler", ["", "handler", ".handler", "module.", "mod ule.handler", "a..b", "module:f"]
)
def test_handler_is_refused_when_it_is_not_module_dot_function(handler: str) -> None:
    with pytest.raises(ConfigError, match=r"is not of the form module\.function"):
        LocalGateway(handler, Config())


@pytest.mark.parametrize("handler", ["module.handler", "deep.er.module.handler", "folder/module.handler"])
def test_handler_is_accepted_when_lambda_would_accept_it(handler: str) -> None:
    LocalGateway(handler, Config())
