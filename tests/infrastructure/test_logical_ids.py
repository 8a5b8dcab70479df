"""Logical ids of whatever holds state or an address: CloudFormation replaces a resource whose id changes."""

import pytest

from tests.infrastructure.templates import Template

PINNED = {
    "ConnectionsTable916FDB22": "DynamoDB::Table",
    "WebSocketApi273F6915": "ApiGatewayV2::Api",
    "WebSocketStageE7B2A657": "ApiGatewayV2::Stage",
    "AuthorizerTicketSecret6DFB413D": "SecretsManager::Secret",
    "FanOutQueue8AB53E8C": "SQS::Queue",
    "FanOutDeadLettersE0407C71": "SQS::Queue",
}
DOMAIN = {
    "CustomDomainD869F4E4": "ApiGatewayV2::DomainName",
    "CustomDomainMappingC40EAE06": "ApiGatewayV2::ApiMapping",
}


@pytest.mark.parametrize(("stage", "pinned"), [("dev", PINNED), ("prod", PINNED | DOMAIN)])
def test_nothing_with_state_or_an_address_is_replaced_when_the_stack_is_tidied(
    templates: dict[str, Template], stage: str, pinned: dict[str, str]
) -> None:
    kinds = {f"AWS::{kind}" for kind in pinned.values()}
    found = {
        name: each["Type"].removeprefix("AWS::")
        for name, each in templates[stage].resources.items()
        if each["Type"] in kinds
    }

    assert found == pinned
