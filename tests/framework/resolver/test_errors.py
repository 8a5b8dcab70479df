import pytest

import signalbox.resolver as resolver
from signalbox.resolver import InvalidMessageError, RealtimeError, trace

SECRET = "canary"


@pytest.mark.parametrize(
    ("name", "code", "status", "retry"),
    [
        ("BadRequestError", "bad_request", 400, False),
        ("InvalidMessageError", "invalid_message", 400, False),
        ("UnauthorizedError", "unauthorized", 401, False),
        ("ForbiddenError", "forbidden", 403, False),
        ("NotFoundError", "not_found", 404, False),
        ("UnknownRouteError", "unknown_route", 404, False),
        ("ConflictError", "conflict", 409, True),
        ("TooLargeError", "too_large", 413, False),
        ("RateLimitedError", "rate_limited", 429, True),
        ("InternalError", "internal", 500, False),
        ("UnavailableError", "unavailable", 503, True),
    ],
)
def test_error_speaks_its_code_status_and_retry(name: str, code: str, status: int, retry: bool) -> None:
    error = getattr(resolver, name)("for the logs", details={"to": "ada"})
    assert (error.code, error.status, error.retry) == (code, status, retry)
    assert str(error) == "for the logs"
    assert error.details["to"] == "ada"
    assert isinstance(error, RealtimeError)


def test_invalid_message_names_its_fields() -> None:
    fields = [{"field": "cursor", "problem": "invalid"}]
    assert InvalidMessageError(fields=fields).details == {"fields": fields}
    assert InvalidMessageError().details == {"fields": []}


@pytest.mark.parametrize("name", ["RegistrationError", "MalformedEventError", "ReplyError"])
def test_programming_mistakes_are_no_answers(name: str) -> None:
    assert not issubclass(getattr(resolver, name), RealtimeError)


def _fail() -> None:
    password = SECRET
    raise KeyError(password)


def test_trace_names_type_and_places_and_no_text_when_an_error_has_causes() -> None:
    try:
        try:
            _fail()
        except KeyError as cause:
            raise ValueError(SECRET) from cause
    except ValueError as error:
        text = trace(error)
    assert text.startswith("ValueError ")
    assert "; KeyError " in text
    assert f"{__file__}:" in text
    assert ":_fail" in text
    assert SECRET not in text


def test_trace_names_the_members_when_an_error_is_a_group() -> None:
    group = ExceptionGroup(SECRET, [ValueError(SECRET), ExceptionGroup(SECRET, [KeyError(SECRET)])])
    assert trace(group) == "ExceptionGroup; ValueError; ExceptionGroup; KeyError"


def test_trace_is_short_when_the_stack_is_deep_and_the_causes_go_in_circles() -> None:
    def recurse() -> None:
        recurse()

    with pytest.raises(RecursionError) as failed:
        recurse()
    first, second = failed.value, ValueError()
    first.__context__, second.__context__ = second, first
    assert len(trace(first).split()) < 250
