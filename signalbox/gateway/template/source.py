"""Reads a template file: JSON, or YAML with the short tags of CloudFormation."""

import json
from pathlib import Path
from typing import Any

from ..errors import MissingPackageError, TemplateError

_SECTIONS = frozenset({"Conditions", "Globals", "Mappings", "Parameters", "Resources"})


def read_template(path: Path) -> dict[str, Any]:
    """Return the content of the template at `path`. Raises TemplateError and MissingPackageError."""
    try:
        text = path.read_text(encoding="utf-8")
        template = json.loads(text) if text.lstrip().startswith("{") else _yaml(text)
    except OSError as error:
        raise TemplateError(f"cannot read template {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"template {path} is broken: {' '.join(str(error).split())}") from error
    if not isinstance(template, dict) or "Resources" not in template:
        raise TemplateError(f"template {path} has no Resources")
    for name, section in template.items():
        if name in _SECTIONS and not isinstance(section, dict):
            raise TemplateError(f"template {path}: {name} is no mapping")
    return template


def _yaml(text: str) -> Any:
    try:
        from .tags import parse_yaml
    except ModuleNotFoundError as error:
        raise MissingPackageError.of(error) from error
    return parse_yaml(text)
