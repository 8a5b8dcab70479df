"""YAML with the short tags of CloudFormation. For example, `!Ref X` is `{"Ref": "X"}`.

This module is imported for templates in YAML only.
"""

from typing import Any

import yaml  # type: ignore[import-untyped]  # it has no types of its own

_WHOLE_NAMES = frozenset({"Ref", "Condition"})


def parse_yaml(text: str) -> Any:
    """Parse a YAML text. Raises ValueError."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506 it is a SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # as above
    pass


def _intrinsic(loader: Any, tag: str, node: Any) -> dict[str, Any]:
    name = tag if tag in _WHOLE_NAMES else f"Fn::{tag}"
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    text = loader.construct_scalar(node)
    return {name: text.split(".", 1) if tag == "GetAtt" else text}


_Loader.add_multi_constructor("!", _intrinsic)
