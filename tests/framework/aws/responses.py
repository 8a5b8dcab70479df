"""Responses as the parser gives them."""

from signalbox.aws.response import Response, ResponseParser
from tests.framework.aws.scripted import answer


def respond(status: int, body: bytes = b"", **headers: str) -> Response:
    """Return the response of a server. Underscores in header names stand for dashes."""
    response = ResponseParser().feed(answer(status, body, **headers))
    assert response is not None
    return response
