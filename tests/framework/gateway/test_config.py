"""Settings that make no sense are one clear line."""

from pathlib import Path
from typing import Any

import pytest

from signalbox.gateway import Config, ConfigError, Credentials, Limits, LocalGateway, Throttle


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
        ({"prefix": "a/b"}, "prefix 'a/b' is invalid"),
        ({"routes": frozenset({"$other"})}, "route key '$other' is reserved"),
        ({"routes": frozenset({""})}, "a route key is empty"),
        ({"two_way": frozenset({"unknown"})}, "a route response"),
        ({"route_selection": ""}, "route selection is empty"),
        ({"route_selection": "$context.stage"}, "route selection '$context.stage' is not understood at 1"),
        (
            {"route_selection": "a/${request.body}"},
            "route selection 'a/${request.body}' is not understood at 3",
        ),
        ({"identity_sources": ("context.stage",)}, "an identity source needs an authorizer"),
        ({"identity_sources": ("X-Token",)}, "identity source 'X-Token' is not understood"),
        ({"identity_sources": ("route.request.body.x",)}, "identity source 'route.request.body.x'"),
        (
            {"authorizer": "a.b", "routes": frozenset({"$default"})},
            "an authorizer needs the route $connect",
        ),
        ({"route_throttles": {"unknown": Throttle(1, 1)}}, "a throttle belongs to a missing route"),
        ({"integration_timeouts": {"unknown": 1.0}}, "the timeout of route 'unknown'"),
        ({"integration_timeouts": {"$default": 0.0}}, "the timeout of route '$default'"),
        ({"reload": True, "in_process": True}, "reload and in_process exclude each other"),
        ({"stage_variables": {"a-b": "x"}}, "stage variable 'a-b'"),
        ({"stage_variables": {"a": "x y"}}, "stage variable 'a'"),
        ({"stage_variables": {"a": ""}}, "stage variable 'a'"),
        ({"sandboxes": 0}, "sandboxes must be at least 1"),
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


@pytest.mark.parametrize(("key_id", "secret"), [("", "s"), ("a/b", "s"), ("a", "")])
def test_credentials_are_refused_when_no_request_could_carry_them(key_id: str, secret: str) -> None:
    with pytest.raises(ConfigError):
        Credentials(key_id, secret)


def test_secret_is_not_shown_when_credentials_are_printed() -> None:
    assert "hidden" not in repr(Config(credentials=Credentials("key", "hidden")))


@pytest.mark.parametrize(("rate", "burst"), [(-1, 1), (1, -1)])
def test_throttle_is_refused_when_it_is_negative(rate: float, burst: int) -> None:
    with pytest.raises(ConfigError, match="must not be negative"):
        Throttle(rate, burst)


@pytest.mark.parametrize(
    "handler", ["", "handler", ".handler", "module.", "mod ule.handler", "a..b", "module:f"]
)
def test_handler_is_refused_when_it_is_not_module_dot_function(handler: str) -> None:
    with pytest.raises(ConfigError, match=r"is not of the form module\.function"):
        LocalGateway(handler, Config())


def test_authorizer_is_refused_when_it_is_not_module_dot_function() -> None:
    with pytest.raises(ConfigError, match="authorizer 'guard' is not of the form"):
        LocalGateway("module.handler", Config(authorizer="guard"))


@pytest.mark.parametrize("handler", ["module.handler", "deep.er.module.handler", "folder/module.handler"])
def test_handler_is_accepted_when_lambda_would_accept_it(handler: str) -> None:
    LocalGateway(handler, Config())


@pytest.mark.parametrize(("prefix", "path"), [("", "local"), ("Chat", "Chat/local")])
def test_path_has_the_prefix_of_an_api_when_there_is_one(prefix: str, path: str) -> None:
    assert Config(prefix=prefix).path == path
