"""A custom domain in front of the WebSocket address."""

from aws_cdk import aws_apigatewayv2 as apigatewayv2
from constructs import Construct


class CustomDomain(Construct):
    """`wss://{domain_name}` for a stage. Its DNS record (CNAME or alias) must point to `target`."""

    def __init__(
        self, scope: Construct, name: str, *, domain_name: str, certificate_arn: str, api_id: str, stage: str
    ) -> None:
        super().__init__(scope, name)
        self.url = f"wss://{domain_name}"
        domain = apigatewayv2.CfnDomainName(
            self,
            "Domain",
            domain_name=domain_name,
            domain_name_configurations=[
                apigatewayv2.CfnDomainName.DomainNameConfigurationProperty(
                    certificate_arn=certificate_arn, endpoint_type="REGIONAL", security_policy="TLS_1_2"
                )
            ],
        )
        self.target = domain.attr_regional_domain_name
        apigatewayv2.CfnApiMapping(self, "Mapping", api_id=api_id, domain_name=domain.ref, stage=stage)
