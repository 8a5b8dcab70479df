"""A synthesized template, and the questions tests ask of it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

Resource = dict[str, Any]


class Template:
    """One stack's template."""

    def __init__(self, template: dict[str, Any]) -> None:
        self.resources: dict[str, Resource] = template["Resources"]
        self.outputs: dict[str, Any] = template["Outputs"]

    def of(self, kind: str) -> dict[str, Resource]:
        """The resources of one type ("Lambda::Function"), by their logical ids."""
        return {name: each for name, each in self.resources.items() if each["Type"] == f"AWS::{kind}"}

    def kinds(self) -> Counter[str]:
        """How many resources there are of each type."""
        return Counter(each["Type"] for each in self.resources.values())

    def all(self, kind: str) -> list[Any]:
        """The properties of every resource of one type."""
        return [each["Properties"] for each in self.of(kind).values()]

    def one(self, kind: str) -> Any:
        """The properties of the only resource of one type."""
        (properties,) = self.all(kind)
        return properties

    def function(self, handler: str) -> tuple[str, Any]:
        """The logical id and the properties of the function with this handler."""
        ((name, each),) = (
            (name, each)
            for name, each in self.of("Lambda::Function").items()
            if each["Properties"]["Handler"] == handler
        )
        return name, each["Properties"]

    def statements(self, handler: str | None = None) -> Iterator[Any]:
        """The IAM statements of one function's role, or of every role."""
        role = self.function(handler)[1]["Role"]["Fn::GetAtt"][0] if handler else None
        for policy in self.all("IAM::Policy"):
            if role is None or {"Ref": role} in policy["Roles"]:
                yield from policy["PolicyDocument"]["Statement"]

    def actions(self, handler: str) -> set[str]:
        """What one function may do."""
        return {action for statement in self.statements(handler) for action in listed(statement["Action"])}

    def routes(self) -> dict[str, Any]:
        """The API's routes, by their keys."""
        return {each["RouteKey"]: each for each in self.all("ApiGatewayV2::Route")}


def listed(value: Any) -> list[Any]:
    """IAM's lists, which are not one when there is one entry."""
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """A value with its references, as a text to look for something in."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(text, parts))
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
    return str(value)
