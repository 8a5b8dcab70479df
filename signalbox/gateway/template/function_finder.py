"""Finds the functions of a template, and the folders of their code."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import TemplateError
from ..sandboxes.sandbox import Function
from .template import Resource, Template
from .values import as_text

_KINDS = ("AWS::Lambda::Function", "AWS::Serverless::Function")
_DEFAULT_TIMEOUT = 3


class FunctionFinder:
    """Finds the function of an integration or an authorizer. A function that cannot run here is noted."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._by_name = {_name(resource): resource for resource in template.of(*_KINDS).values()}

    def behind(self, uri: str) -> Function | None:
        """Return the function of a URI `…:lambda:path/…/functions/arn:…:function:NAME/invocations`, or None.

        A version or an alias after the name is ignored. Raises TemplateError.
        """
        name = uri.rpartition("function:")[2].partition("/")[0].partition(":")[0]
        resource = self._by_name.get(name)
        if resource is None:
            self._template.note(f"{uri} is no function of this template")
            return None
        return self._function(resource, name)

    def _function(self, resource: Resource, name: str) -> Function | None:
        runtime = str(resource.get("Runtime") or resource.get("PackageType"))
        if not runtime.startswith("python"):
            self._template.note(f"{resource.logical_id}: a function of runtime {runtime} does not run here")
            return None
        folder = self._folder(resource)
        if folder is None:
            self._template.note(f"{resource.logical_id}: its code is in no folder of this machine")
            return None
        variables = resource.mapping("Environment", "Variables")
        return Function(
            resource.text("Handler"),
            folder,
            {key: as_text(value) for key, value in variables.items()},
            name,
            resource.number("Timeout", _DEFAULT_TIMEOUT),
        )

    def _folder(self, resource: Resource) -> Path | None:
        """Return the folder of the code: a path in the template, or an asset of `cdk synth`."""
        code = resource.get("CodeUri") or resource.get("Code")
        if isinstance(code, dict):
            code = resource.metadata.get("aws:asset:path") or self._assets().get(str(code.get("S3Key")))
        if not isinstance(code, str):
            return None
        folder = self._template.path.parent / code
        if not folder.exists():
            raise TemplateError(f"{resource.logical_id}: its code, {folder}, does not exist")
        return folder.resolve() if folder.is_dir() else None

    def _assets(self) -> Mapping[str, str]:
        """Return the assets of the stack: paths by their object keys."""
        path = self._template.path
        manifest = path.with_name(f"{path.name.removesuffix('.template.json')}.assets.json")
        try:
            files: list[dict[str, Any]] = list(json.loads(manifest.read_text())["files"].values())
            return {
                place["objectKey"]: file["source"]["path"]
                for file in files
                for place in file["destinations"].values()
            }
        except OSError:
            return {}
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise TemplateError(f"{manifest} is no list of assets") from error


def _name(resource: Resource) -> str:
    given = resource.get("FunctionName")
    return as_text(given) if given else resource.logical_id
