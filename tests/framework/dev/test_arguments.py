"""What the command line of the local run comes to."""

from signalbox.dev.arguments import parse


def test_code_is_reloaded_when_asked_for() -> None:
    assert not parse([]).reload
    assert parse(["--reload"]).reload
