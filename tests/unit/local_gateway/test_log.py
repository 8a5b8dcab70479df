"""A log line is one short line, whatever a function calls its errors."""

import logging

import pytest

from local_gateway.log import record


def test_line_is_one_short_line_when_the_result_is_hostile(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "local_gateway")
    record("A=", "$default", 0.0123, "error \x1b[31m\r\nforged " + "x" * 10_000)
    line = caplog.records[0].getMessage()
    assert line.startswith("A= $default")
    assert "12.3 ms  error [31mforged xxx" in line
    assert len(line) < 120
