"""A strict JSON parser, as API Gateway has one."""

import json
from typing import Any, NoReturn


def parse_json(text: bytes | str) -> Any:
    """Parse `text`. Raises ValueError for invalid JSON, NaN, invalid UTF-8 and very deep nesting."""
    try:
        return _DECODER.decode(text.decode() if isinstance(text, bytes) else text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
