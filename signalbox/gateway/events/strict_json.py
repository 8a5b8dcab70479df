"""JSON as API Gateway reads it: strictly."""

import json
from typing import Any, NoReturn


def parse_json(text: bytes | str) -> Any:
    """The value of `text`; ValueError for what is not JSON: NaN, bad UTF-8, bottomless nesting."""
    try:
        return _DECODER.decode(text.decode() if isinstance(text, bytes) else text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
