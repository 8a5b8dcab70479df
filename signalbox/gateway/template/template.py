"""The resources of a template, with resolved properties."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import TemplateError
from .source import read_template
from .values import ValueResolver, as_text


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. Reading a property resolves it, and may raise TemplateError."""

    logical_id: str
    kind: str
    metadata: Mapping[str, Any]
    _properties: Mapping[str, Any]
    _values: ValueResolver

    def get(self, name: str) -> Any:
        """Return a property, or None."""
        return self._values.resolve(self._properties.get(name))

    def text(self, name: str) -> str:
        """Return a required property as text."""
        value = self.get(name)
        if not isinstance(value, str | int | float):
            raise TemplateError(f"{self.logical_id}: {name} is missing, or no text")
        return as_text(value)

    def mapping(self, name: str, *deeper: str) -> Mapping[str, Any]:
        """Return a property that is a mapping, or a nested one. It is empty when it is absent."""
        value = self.get(name)
        for key in deeper:
            value = value.get(key) if isinstance(value, dict) else value
        if not isinstance(value, dict | None):
            raise TemplateError(f"{self.logical_id}: {'.'.join([name, *deeper])} is no mapping")
        return value or {}

    def number(self, name: str, default: float) -> float:
        """Return a property that is a positive number, or a text with one."""
        value = self.get(name)
        try:
            number = default if value is None else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not 0 < number < math.inf:
            raise TemplateError(f"{self.logical_id}: {name} is no positive number")
        return number


class Template:
    """The template at `path`, with a region and the values of its parameters. Raises TemplateError."""

    def __init__(self, path: Path, region: str, parameters: Mapping[str, str]) -> None:
        self.path = path
        self.unsupported: list[str] = []
        content = read_template(path)
        self._values = ValueResolver(content, region, path.name.split(".")[0], parameters, self.note)
        self._resources = content["Resources"]
        self._shared = content.get("Globals", {}).get("Function", {})
        if not isinstance(self._shared, dict):
            raise TemplateError("Globals: Function is no mapping")

    @property
    def resources(self) -> Iterator[Resource]:
        """Every resource whose condition is true, in the order of the template."""
        for logical_id, content in self._resources.items():
            if not isinstance(content, dict) or not isinstance(content.get("Type"), str):
                raise TemplateError(f"{logical_id}: a resource has a Type")
            properties, metadata = content.get("Properties") or {}, content.get("Metadata") or {}
            if not (isinstance(properties, dict) and isinstance(metadata, dict)):
                raise TemplateError(f"{logical_id}: Properties and Metadata are mappings")
            if content["Type"] == "AWS::Serverless::Function":
                properties = _merged(self._shared, properties)
            condition = {"Condition": content["Condition"]} if "Condition" in content else True
            if self._values.resolve(condition):
                yield Resource(logical_id, content["Type"], metadata, properties, self._values)

    def of(self, *kinds: str) -> Mapping[str, Resource]:
        """Return the resources of some kinds by their logical ids."""
        return {resource.logical_id: resource for resource in self.resources if resource.kind in kinds}

    def note(self, line: str) -> None:
        """Note something that is not supported, once."""
        if line not in self.unsupported:
            self.unsupported.append(line)


def _merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the properties of a function, completed by the shared ones of SAM's Globals."""
    return {
        name: _merged(shared[name], own[name])
        if isinstance(shared.get(name), dict) and isinstance(own.get(name), dict)
        else own.get(name, shared.get(name))
        for name in {**shared, **own}
    }
