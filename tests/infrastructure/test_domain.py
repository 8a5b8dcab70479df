from tests.infrastructure.templates import Template


def test_domain_leads_to_the_stage_over_tls_12_when_there_is_one(prod: Template) -> None:
    domain = prod.one("ApiGatewayV2::DomainName")
    mapping = prod.one("ApiGatewayV2::ApiMapping")
    (stage,) = prod.of("ApiGatewayV2::Stage")

    assert domain["DomainName"] == "live.example.com"
    assert domain["DomainNameConfigurations"][0]["SecurityPolicy"] == "TLS_1_2"
    assert mapping["Stage"] == {"Ref": stage}
    assert "ApiMappingKey" not in mapping


def test_domain_is_the_address_when_there_is_one(prod: Template, dev: Template) -> None:
    assert prod.outputs["WebSocketUrl"]["Value"] == "wss://live.example.com"
    assert "DomainTarget" in prod.outputs
    assert not dev.of("ApiGatewayV2::DomainName")
