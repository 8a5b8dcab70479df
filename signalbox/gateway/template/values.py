"""Resolves values: parameters, references and intrinsic functions.

Source: "Template reference: intrinsic functions", "Pseudo parameters", AWS CloudFormation User Guide.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import TemplateError

_ACCOUNT = "000000000000"
_REFERENCE = re.compile(r"\$\{(!?)([^}]+)\}")
_ALIASES = frozenset({"AWS::Lambda::Alias", "AWS::Lambda::Version"})


def as_text(value: object) -> str:
    """Return a value as text, as CloudFormation converts it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class ValueResolver:
    """Resolves the values of one template. Calls `note` for unsupported functions. Raises TemplateError.

    A reference to a resource resolves to its name, or else to its logical id.
    """

    def __init__(
        self,
        template: Mapping[str, Any],
        region: str,
        stack: str,
        parameters: Mapping[str, str],
        note: Callable[[str], None],
    ) -> None:
        self._resources = template["Resources"]
        self._parameters = template.get("Parameters", {})
        self._conditions = template.get("Conditions", {})
        self._mappings = template.get("Mappings", {})
        self._given = parameters
        self._region = region
        self._note = note
        self._pseudo: dict[str, Any] = {
            "AWS::AccountId": _ACCOUNT,
            "AWS::NoValue": None,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::StackId": f"arn:aws:cloudformation:{region}:{_ACCOUNT}:stack/{stack}/local",
            "AWS::StackName": stack,
            "AWS::URLSuffix": "amazonaws.com",
        }
        self._intrinsics: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self.holds,
            "Fn::And": lambda terms: all(map(self.resolve, terms)),
            "Fn::Equals": lambda terms: self.resolve(terms[0]) == self.resolve(terms[1]),
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._get_att,
            "Fn::If": lambda terms: self.resolve(terms[1] if self.holds(terms[0]) else terms[2]),
            "Fn::Join": lambda terms: terms[0].join(map(as_text, self.resolve(terms[1]))),
            "Fn::Not": lambda terms: not self.resolve(terms[0]),
            "Fn::Or": lambda terms: any(map(self.resolve, terms)),
            "Fn::Select": lambda terms: self.resolve(terms[1])[int(self.resolve(terms[0]))],
            "Fn::Split": lambda terms: self.resolve(terms[1]).split(terms[0]),
            "Fn::Sub": self._sub,
        }
        if unknown := parameters.keys() - self._parameters.keys():
            raise TemplateError(f"the template has no parameter {', '.join(sorted(unknown))}")

    def resolve(self, value: Any) -> Any:
        """Resolve a value. AWS::NoValue resolves to None, and is left out of lists and mappings."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in ("Ref", "Condition") or str(name).startswith("Fn::"):
                return self._evaluate(name, argument)
        resolved = {name: self.resolve(item) for name, item in value.items()}
        return {name: item for name, item in resolved.items() if item is not None}

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is true."""
        if condition not in self._conditions:
            raise TemplateError(f"there is no condition {condition!r}")
        return bool(self.resolve(self._conditions[condition]))

    def _evaluate(self, name: str, argument: Any) -> Any:
        if name not in self._intrinsics:
            self._note(f"{name} {_short(argument)} is not supported: its value is empty")
            return ""
        try:
            return self._intrinsics[name](argument)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise TemplateError(f"{name} {_short(argument)} makes no sense") from error

    def _ref(self, name: str) -> Any:
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameter(name)
        return self._arn(name) if self._kind(name) in _ALIASES else self._name(name)

    def _get_att(self, argument: Any) -> str:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        if attribute == "ApiEndpoint":
            return f"wss://{name}.execute-api.{self._region}.amazonaws.com"
        return self._arn(name) if str(self.resolve(attribute)).endswith("Arn") else self._name(name)

    def _sub(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument

        def value(match: re.Match[str]) -> str:
            name = match[2].strip()
            if match[1]:
                return f"${{{match[2]}}}"
            if name in own:
                return as_text(self.resolve(own[name]))
            return as_text(self._get_att(name) if "." in name else self._ref(name))

        return _REFERENCE.sub(value, text)

    def _find_in_map(self, argument: Any) -> Any:
        found = self._mappings
        for key in argument:
            found = found[as_text(self.resolve(key))]
        return found

    def _parameter(self, name: str) -> Any:
        declared = self._parameters[name]
        value = self._given.get(name, declared.get("Default"))
        if value is None:
            raise TemplateError(f"parameter {name} has no default: --parameter {name}=VALUE sets it")
        is_list = "List<" in declared["Type"] or declared["Type"] == "CommaDelimitedList"
        return [item.strip() for item in value.split(",")] if is_list else as_text(value)

    def _kind(self, name: str) -> str:
        if name not in self._resources:
            raise TemplateError(f"{name!r} is neither a parameter nor a resource of the template")
        return str(self._resources[name]["Type"])

    def _name(self, name: str) -> str:
        """Return the name property of a resource (for example TableName), or its logical id."""
        kind = self._kind(name).rpartition("::")[2]
        for key, value in (self._resources[name].get("Properties") or {}).items():
            if key != "Name" and key.endswith("Name") and kind.endswith(key.removesuffix("Name")):
                return as_text(self.resolve(value))
        return name

    def _arn(self, name: str) -> str:
        service, kind = self._kind(name).lower().split("::")[1:3]
        where = f"{self._region}:{_ACCOUNT}"
        if self._kind(name) in _ALIASES:
            # FunctionName may be a name or an ARN. All versions are the same function here.
            function = as_text(self.resolve(self._resources[name]["Properties"]["FunctionName"]))
            return f"arn:aws:lambda:{where}:function:{function.rpartition('function:')[2]}"
        if kind == "function":
            return f"arn:aws:lambda:{where}:function:{self._name(name)}"
        return f"arn:aws:{service}:{where}:{kind}/{self._name(name)}"


def _short(argument: object) -> str:
    text = str(argument)
    return text if len(text) <= 80 else f"{text[:79]}…"
