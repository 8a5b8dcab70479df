"""Answers of services that speak JSON: their bodies, and their errors in all the forms that AWS uses."""

import json
import re
from typing import Any
from zlib import crc32

from .errors import InvalidResponseError, RefusedKeysError, ServiceError
from .response import Response

REFUSED_KEYS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Names of errors about the keys or the signature."""

# "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "ThrottlingException:http://internal…"
_CODE = re.compile(r"(?:[^#:]*#)?([A-Za-z0-9.]{1,128})")
_CHECKSUM = re.compile(rb"\r\nx-amz-crc32:([^\r\n]*)", re.IGNORECASE)


def read_answer(response: Response) -> dict[str, Any]:
    """Return the body of a successful response. Raises ServiceError, and InvalidResponseError."""
    if response.status >= 300:
        raise read_error(response)
    _check_sum(response)
    answer = _read_object(response.body) if response.body else {}  # SQS has nothing to say at times
    if answer is None:
        raise InvalidResponseError("an answer that is no JSON object")
    return answer


def read_error(response: Response) -> ServiceError:
    """Return the error of a response. Its name is in the body, in a header, or it is the HTTP status."""
    answer = _read_object(response.body) or {}
    named = (answer.get("__type"), answer.get("code"), response.header("x-amzn-errortype"))
    code = next(filter(None, map(_read_code, named)), f"HTTP {response.status}")
    message = answer.get("message") or answer.get("Message")
    kind = RefusedKeysError if code in REFUSED_KEYS else ServiceError
    return kind(code, message if isinstance(message, str) else "", response.status, answer)


def _read_code(text: object) -> str | None:
    found = _CODE.match(text) if isinstance(text, str) else None
    return found[1] if found else None


def _check_sum(response: Response) -> None:
    stated = _CHECKSUM.search(response.head)
    if stated and stated[1].strip() != b"%d" % crc32(response.body):
        raise InvalidResponseError("an answer whose checksum is wrong")


def _read_object(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None
