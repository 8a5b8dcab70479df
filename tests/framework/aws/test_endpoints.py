from itertools import product

import pytest
from boto3.session import Session
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader

from signalbox.aws.endpoints import (
    DYNAMODB,
    SECRETS_MANAGER,
    SQS,
    SSM,
    Service,
    find_endpoint,
    find_region,
)
from signalbox.aws.errors import EndpointError

SERVICES = [DYNAMODB, SQS, SSM, SECRETS_MANAGER]
REGIONS = [
    "us-east-1",
    "eu-west-3",
    "il-central-1",
    "cn-north-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-isob-east-1",
    "us-isof-south-1",
    "eu-isoe-west-1",
    "eusc-de-east-1",
]


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_endpoint_is_botocores_when_region_fips_and_dual_stack_are_any(service: Service) -> None:
    loader = Loader()
    rules = loader.load_service_model(service.name, "endpoint-rule-set-1")
    botocores = EndpointProvider(rules, loader.load_data("partitions"))
    for region, fips, dual_stack in product(REGIONS, (False, True), (False, True)):
        if fips and region.startswith("cn-"):
            continue  # China has no FIPS endpoints, and botocore's rules for them are not consistent
        environ = {"AWS_USE_FIPS_ENDPOINT": f"{fips}".lower(), "AWS_USE_DUALSTACK_ENDPOINT": f"{dual_stack}"}

        expected = botocores.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual_stack).url

        assert find_endpoint(service, region, environ) == expected, (region, fips, dual_stack)


VARIABLES = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://127.0.0.1:2/base",
    "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:3",
    "AWS_ENDPOINT_URL_SQS": "",
}


@pytest.mark.parametrize("ignored", ["true", "false"])
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_variable_of_the_service_comes_first_when_there_are_several(
    service: Service, ignored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {**VARIABLES, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": ignored}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    client = Session().client(service.name, region_name="eu-west-1")  # type: ignore[call-overload]

    assert find_endpoint(service, "eu-west-1", environ) == client.meta.endpoint_url


@pytest.mark.parametrize("region", ["", "eu west", "evil.example/", "EU-WEST-1", "a@b", "eu-west-1\r\nx: y"])
def test_region_is_refused_when_it_is_no_name(region: str) -> None:
    with pytest.raises(EndpointError):
        find_endpoint(DYNAMODB, region, {})


def test_region_is_named_in_the_error_when_there_is_none() -> None:
    assert find_region({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}) == "eu-west-1"
    assert find_region({"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-1"}) == "us-east-1"
    with pytest.raises(EndpointError, match="AWS_REGION"):
        find_region({})
