"""S01: TLS only, 1.2 or later. API Gateway offers nothing else at its own addresses (W1)."""

from tests.infrastructure.requirements import need_node

need_node()

from tests.infrastructure.conftest import app, prod, templates
from tests.infrastructure.templates import Template, text

__all__ = ["app", "prod", "templates"]


def test_s01_addresses_are_tls_only_when_the_stage_is_deployed(prod: Template) -> None:
    (configuration,) = prod.one("ApiGatewayV2::DomainName")["DomainNameConfigurations"]
    assert configuration["SecurityPolicy"] == "TLS_1_2"
    addresses = [text(each["Value"]) for each in prod.outputs.values() if "://" in text(each["Value"])]
    assert addresses
    assert all(address.startswith(("wss://", "https://")) for address in addresses)
