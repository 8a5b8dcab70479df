"""Reads the stages of the WebSocket APIs of a template."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..config import Config, Throttle
from ..errors import ConfigError, TemplateError
from ..sandboxes.sandbox import Function
from ..stage import Stage
from .function_finder import FunctionFinder
from .support import note_unsupported
from .template import Resource, Template

_KIND = "AWS::ApiGatewayV2::"
_ACCOUNT_RATE = 10_000
_ACCOUNT_BURST = 5_000


@dataclass(frozen=True, slots=True)
class _Route:
    function: Function
    timeout: float
    two_way: bool


@dataclass(frozen=True, slots=True)
class _AuthorizerSettings:
    function: Function
    identity_sources: tuple[str, ...]


def stages_of(template: Template, config: Config) -> list[Stage[Function]]:
    """Return every stage of every WebSocket API. `config` has the settings that a template does not have.

    Raises TemplateError.
    """
    note_unsupported(template)
    stages = _Apis(template, config).stages()
    if not stages:
        raise TemplateError(f"template {template.path} has no stage of a WebSocket API")
    return stages


class _Apis:
    def __init__(self, template: Template, config: Config) -> None:
        self._template = template
        self._config = config
        self._functions = FunctionFinder(template)
        self._integrations = template.of(f"{_KIND}Integration")
        self._authorizers = template.of(f"{_KIND}Authorizer")
        self._route_responses = {
            resource.text("RouteId")
            for resource in template.of(f"{_KIND}RouteResponse").values()
            if resource.text("RouteResponseKey") == "$default"
        }

    def stages(self) -> list[Stage[Function]]:
        """Return every stage, in the order of the template."""
        apis = self._template.of(f"{_KIND}Api")
        ours = [
            (stage, api)
            for stage in self._template.of(f"{_KIND}Stage").values()
            if (api := apis.get(stage.text("ApiId"))) and self._is_websocket(api)
        ]
        several = len({api.logical_id for _, api in ours}) > 1
        return [self._stage(stage, api, api.logical_id if several else "") for stage, api in ours]

    def _is_websocket(self, api: Resource) -> bool:
        protocol = api.text("ProtocolType")
        if protocol != "WEBSOCKET":
            self._template.note(f"{api.logical_id}: an API of protocol {protocol} is not supported")
        return protocol == "WEBSOCKET"

    def _stage(self, stage: Resource, api: Resource, prefix: str) -> Stage[Function]:
        resources = self._routes_of(api)
        routes = {key: route for key, resource in resources.items() if (route := self._route(resource))}
        guard = self._authorizer(resources["$connect"]) if "$connect" in routes else None
        said: dict[str, Any] = {
            "stage": stage.text("StageName"),
            "prefix": prefix,
            "api_id": api.logical_id,
            "routes": frozenset(routes),
            "two_way": frozenset(key for key, route in routes.items() if route.two_way),
            "route_selection": api.text("RouteSelectionExpression"),
            "stage_variables": {name: str(value) for name, value in stage.mapping("StageVariables").items()},
            "authorizer": guard.function.handler if guard else None,
            "identity_sources": guard.identity_sources if guard else (),
            "throttle": _throttle(stage, "DefaultRouteSettings"),
            "route_throttles": {
                key: throttle for key in routes if (throttle := _throttle(stage, "RouteSettings", key))
            },
            "integration_timeouts": {key: route.timeout for key, route in routes.items()},
        }
        functions = {key: route.function for key, route in routes.items()}
        try:
            return Stage(replace(self._config, **said), functions, guard.function if guard else None)
        except ConfigError as error:
            raise TemplateError(f"{stage.logical_id}: {error}") from error

    def _routes_of(self, api: Resource) -> Mapping[str, Resource]:
        routes = self._template.of(f"{_KIND}Route").values()
        return {route.text("RouteKey"): route for route in routes if route.text("ApiId") == api.logical_id}

    def _route(self, route: Resource) -> _Route | None:
        key = route.text("RouteKey")
        integration = self._integrations.get(route.text("Target").rpartition("/")[2])
        if integration is None:
            raise TemplateError(f"{route.logical_id}: its Target is no integration of the template")
        kind = integration.text("IntegrationType")
        if kind != "AWS_PROXY":
            self._template.note(f"route {key} is left out: an integration of type {kind} is not supported")
            return None
        function = self._functions.behind(integration.text("IntegrationUri"))
        if function is None:
            self._template.note(f"route {key} is left out, as its function is")
            return None
        timeout = integration.number("TimeoutInMillis", self._config.limits.integration_timeout * 1000) / 1000
        answers = route.get("RouteResponseSelectionExpression") == "$default"
        return _Route(function, timeout, answers and route.logical_id in self._route_responses)

    def _authorizer(self, connect: Resource) -> _AuthorizerSettings | None:
        kind = connect.get("AuthorizationType") or "NONE"
        if kind == "NONE":
            return None
        if kind != "CUSTOM":
            self._template.note(
                f"{connect.logical_id}: authorization by {kind} is not supported: all may connect"
            )
            return None
        authorizer = self._authorizers.get(connect.text("AuthorizerId"))
        if authorizer is None:
            raise TemplateError(f"{connect.logical_id}: its AuthorizerId is no authorizer of the template")
        function = self._functions.behind(authorizer.text("AuthorizerUri"))
        if function is None:
            self._template.note(f"{authorizer.logical_id} is left out, as its function is: all may connect")
            return None
        sources = authorizer.get("IdentitySource") or []
        return _AuthorizerSettings(
            function, tuple(map(str, sources if isinstance(sources, list) else [sources]))
        )


def _throttle(stage: Resource, *settings_of: str) -> Throttle | None:
    """Return the throttle of a stage or a route. Half a throttle is completed by the account's (W91)."""
    settings = stage.mapping(*settings_of)
    rate, burst = settings.get("ThrottlingRateLimit"), settings.get("ThrottlingBurstLimit")
    if rate is None and burst is None:
        return None
    try:
        return Throttle(
            float(_ACCOUNT_RATE if rate is None else rate), int(_ACCOUNT_BURST if burst is None else burst)
        )
    except (ConfigError, TypeError, ValueError) as error:
        raise TemplateError(f"{stage.logical_id}: {'.'.join(settings_of)} is no throttle") from error
