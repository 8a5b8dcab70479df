"""Parts of a template that have an effect on AWS, but not here."""

from .template import Template

_SUPPORTED = frozenset(
    {
        "AWS::ApiGatewayV2::Api",
        "AWS::ApiGatewayV2::Authorizer",
        "AWS::ApiGatewayV2::Deployment",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::RouteResponse",
        "AWS::ApiGatewayV2::Stage",
        "AWS::Serverless::Function",
    }
)
_OURS = (
    "AWS::ApiGatewayV2::",
    "AWS::CloudFormation::Stack",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::LayerVersion",
    "AWS::Serverless::",
)
_IGNORED = {
    "AWS::ApiGatewayV2::Api": ("Body", "BodyS3Location", "DisableExecuteApiEndpoint"),
    "AWS::ApiGatewayV2::Integration": (
        "ContentHandlingStrategy",
        "RequestParameters",
        "RequestTemplates",
        "TemplateSelectionExpression",
    ),
    "AWS::ApiGatewayV2::Route": (
        "ApiKeyRequired",
        "ModelSelectionExpression",
        "RequestModels",
        "RequestParameters",
    ),
    "AWS::ApiGatewayV2::RouteResponse": ("ModelSelectionExpression", "ResponseModels", "ResponseParameters"),
    "AWS::Lambda::Function": ("FileSystemConfigs", "Layers", "ReservedConcurrentExecutions"),
    "AWS::Serverless::Function": ("Events", "FileSystemConfigs", "Layers", "ReservedConcurrentExecutions"),
}


def note_unsupported(template: Template) -> None:
    """Note the resources and properties that are ignored."""
    for resource in template.resources:
        if resource.kind.startswith(_OURS) and resource.kind not in _SUPPORTED:
            template.note(f"{resource.logical_id}: {resource.kind} is not supported")
        for name in _IGNORED.get(resource.kind, ()):
            if resource.get(name):
                template.note(f"{resource.logical_id}: {name} is ignored")
