"""Addresses of AWS services: from the standard environment variables, else by partition and region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import EndpointError

# The start of a region's name, the DNS suffix of its partition, and the one of its dual-stack endpoints.
_PARTITIONS = (
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("", "amazonaws.com", "api.aws"),
)
_GOVERNMENT = "us-gov-"
_LABEL_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


@dataclass(frozen=True, slots=True)
class Service:
    """A service that speaks JSON over POST.

    `name` is its name in addresses and signatures, `variable` its part of `AWS_ENDPOINT_URL_…`. `target` is
    what stands before the operation in `X-Amz-Target`, and `version` is that of the protocol.
    """

    name: str
    variable: str
    target: str
    version: str
    usual_host_in_government: bool = True
    """Whether the usual host in GovCloud is FIPS-compliant, so that it has no other."""
    dual_stack_host: bool = True
    """Whether IPv6 has a host of its own in the partitions of `amazonaws.com`."""


DYNAMODB = Service("dynamodb", "DYNAMODB", "DynamoDB_20120810", "1.0")
SQS = Service("sqs", "SQS", "AmazonSQS", "1.0")
SSM = Service("ssm", "SSM", "AmazonSSM", "1.1")
SECRETS_MANAGER = Service(
    "secretsmanager",
    "SECRETS_MANAGER",
    "secretsmanager",
    "1.1",
    usual_host_in_government=False,
    dual_stack_host=False,
)


def find_region(environ: Mapping[str, str]) -> str:
    """Return the region of the standard variables. Raises EndpointError."""
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise EndpointError("no region: set AWS_REGION")
    return check_region(region)


def check_region(region: str) -> str:
    """Return a region's name. Raises EndpointError for a text that is none."""
    if not region or not _LABEL_CHARACTERS.issuperset(region):
        raise EndpointError(f"{region!r} is no AWS region")
    return region


def find_endpoint(service: Service, region: str, environ: Mapping[str, str]) -> str:
    """Return the URL of a service in a region. Raises EndpointError.

    `AWS_ENDPOINT_URL_<SERVICE>` comes before `AWS_ENDPOINT_URL`. Without either,
    `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT` choose among the endpoints of the partition.
    """
    if not _is_true(environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        variables = (f"AWS_ENDPOINT_URL_{service.variable}", "AWS_ENDPOINT_URL")
        if url := next(filter(None, map(environ.get, variables)), None):
            return url
    check_region(region)
    fips = _is_true(environ, "AWS_USE_FIPS_ENDPOINT")
    dual_stack = _is_true(environ, "AWS_USE_DUALSTACK_ENDPOINT")
    return f"https://{_host(service, region, fips=fips, dual_stack=dual_stack)}"


def _host(service: Service, region: str, *, fips: bool, dual_stack: bool) -> str:
    suffix, dual_stack_suffix = next(rest for start, *rest in _PARTITIONS if region.startswith(start))
    if dual_stack and (service.dual_stack_host or not suffix.startswith("amazonaws.com")):
        suffix = dual_stack_suffix
    elif region.startswith(_GOVERNMENT) and service.usual_host_in_government:
        fips = False
    return f"{service.name}{'-fips' if fips else ''}.{region}.{suffix}"


def _is_true(environ: Mapping[str, str], variable: str) -> bool:
    return environ.get(variable, "").strip().lower() == "true"
