"""A stage knows where each of its routes leads."""

import pytest

from signalbox.gateway import Config, ConfigError
from signalbox.gateway.stage import Stage


def test_all_routes_lead_to_the_same_target_when_there_is_one() -> None:
    stage = Stage.of(Config(authorizer="guard.authorize"), "handler", "guard")
    assert stage.routes == {"$connect": "handler", "$disconnect": "handler", "$default": "handler"}
    assert stage.authorizer == "guard"


@pytest.mark.parametrize(
    "routes", [{}, {"$default": "x"}, dict.fromkeys(["$connect", "$disconnect", "$default", "more"], "x")]
)
def test_stage_is_refused_when_routes_and_targets_differ(routes: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="must be those of the configured routes"):
        Stage(Config(), routes)


@pytest.mark.parametrize(("configured", "there"), [("guard.authorize", None), (None, "guard")])
def test_stage_is_refused_when_its_authorizer_is_only_half_there(
    configured: str | None, there: str | None
) -> None:
    with pytest.raises(ConfigError, match="needs both its setting and its target"):
        Stage.of(Config(authorizer=configured), "handler", there)
