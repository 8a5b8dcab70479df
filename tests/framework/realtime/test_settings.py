import pytest

from signalbox.realtime.settings import RealtimeSettings
from signalbox.settings import SettingsError
from tests.framework.realtime.backend import SETTINGS


def test_first_missing_name_is_told_when_the_environment_is_empty() -> None:
    with pytest.raises(SettingsError, match="TABLE_NAME"):
        RealtimeSettings.from_environment({})


def test_value_is_not_told_when_it_is_wrong() -> None:
    with pytest.raises(SettingsError, match="MANAGEMENT_ENDPOINT") as caught:
        RealtimeSettings.from_environment({**SETTINGS, "MANAGEMENT_ENDPOINT": "ftp://user:secret@host"})
    assert "secret" not in str(caught.value)


def test_standard_variable_wins_when_both_endpoints_are_set() -> None:
    standard = {"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": "http://127.0.0.1:2/dev"}

    assert (
        RealtimeSettings.from_environment({**SETTINGS, **standard}).management_endpoint
        == "http://127.0.0.1:2/dev"
    )


def test_guests_are_refused_when_nothing_is_said() -> None:
    settings = {name: value for name, value in SETTINGS.items() if name != "ALLOW_GUESTS"}

    assert RealtimeSettings.from_environment(settings).allow_guests is False
