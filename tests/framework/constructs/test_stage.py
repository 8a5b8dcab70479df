"""Covers signalbox.constructs.errors."""

from typing import Any

import pytest

from signalbox.constructs.errors import StageError
from signalbox.constructs.stage import Stage, read_stage, settle

REGIONS = frozenset({"us-east-1", "eu-west-1"})
NAME = "demo"
GOOD = {"origins": ["https://app.example.com"], "throttle": {"rate": 1, "burst": 1}}
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1"


def stage(**settings: Any) -> Stage:
    return read_stage({"prod": {**GOOD, **settings}}, "prod", NAME)


def test_stage_is_named_with_the_others_when_it_does_not_exist() -> None:
    with pytest.raises(StageError, match=r"^there is no stage 'qa' in cdk.json, only dev, prod, staging$"):
        read_stage(dict.fromkeys(("dev", "staging", "prod"), GOOD), "qa", NAME)


@pytest.mark.parametrize(
    "origins", [[], ["*"], ["https://app.example.com/"], ["https://App.example.com"], [""]]
)
def test_stage_is_refused_when_no_page_or_any_page_may_connect(origins: list[str]) -> None:
    with pytest.raises(
        StageError, match=r"^stage prod in cdk\.json: origins(\.0)?: name the pages that may connect"
    ):
        stage(origins=origins)


def test_stage_is_refused_when_origins_are_left_out() -> None:
    with pytest.raises(StageError, match="origins: name the pages"):
        read_stage({"prod": {"throttle": GOOD["throttle"]}}, "prod", NAME)


@pytest.mark.parametrize("certificate", [None, "", "arn:aws:iam::123456789012:server-certificate/1"])
def test_stage_is_refused_when_its_domain_has_no_certificate(certificate: str | None) -> None:
    domain = {"name": "live.example.com"} | ({} if certificate is None else {"certificate_arn": certificate})

    with pytest.raises(StageError, match="a custom domain needs the ARN of its certificate"):
        stage(domain=domain)


def test_stage_is_refused_when_its_certificate_is_elsewhere() -> None:
    domain = {"name": "live.example.com", "certificate_arn": CERTIFICATE}

    with pytest.raises(StageError, match=r"the certificate of live\.example\.com must be in us-east-1"):
        stage(region="us-east-1", domain=domain)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("log_retention_days", 5),
        ("memory", 64),
        ("removal", "snapshot"),
        ("alarm_email", "ops"),
        ("throttle", {"rate": 0, "burst": 1}),
        ("account", "12345"),
        ("retention", 30),
        ("log_level", "verbose"),
        ("debug", "perhaps"),
    ],
)
def test_setting_is_named_when_it_makes_no_sense(setting: str, value: object) -> None:
    with pytest.raises(StageError, match=f"^stage prod in cdk.json: {setting}"):
        stage(**{setting: value})


def test_place_is_whoevers_deploys_when_the_stage_names_none() -> None:
    found = {"CDK_DEFAULT_ACCOUNT": "123456789012", "CDK_DEFAULT_REGION": "eu-west-1"}

    assert settle(stage(), found, REGIONS) == {"account": "123456789012", "region": "eu-west-1"}
    assert settle(stage(), {}, REGIONS) == {}


@pytest.mark.parametrize(
    ("setting", "wanted", "variable", "found"),
    [
        ("account", "123456789012", "CDK_DEFAULT_ACCOUNT", "210987654321"),
        ("region", "eu-west-1", "CDK_DEFAULT_REGION", "us-east-1"),
    ],
)
def test_deploy_is_refused_when_it_would_go_elsewhere(
    setting: str, wanted: str, variable: str, found: str
) -> None:
    with pytest.raises(StageError, match=f"stage prod belongs to {setting} {wanted}, but .* {found}$"):
        settle(stage(**{setting: wanted}), {variable: found}, REGIONS)


def test_deploy_is_refused_when_there_is_no_such_region() -> None:
    with pytest.raises(StageError, match="there is no region 'eu-wset-1'"):
        settle(stage(), {"CDK_DEFAULT_REGION": "eu-wset-1"}, REGIONS)


def test_everything_is_named_after_application_and_stage_when_read() -> None:
    assert stage().prefix == "demo-prod"
    assert stage().title == "Demo, stage prod"


def test_stage_logs_what_is_worth_reading_and_no_texts_when_it_says_nothing() -> None:
    assert (stage().log_level, stage().debug) == ("INFO", False)


@pytest.mark.parametrize("name", [None, "", "My App", "demo_1", "1st", "a" * 21])
def test_stage_is_refused_when_the_application_has_no_usable_name(name: str | None) -> None:
    with pytest.raises(
        StageError, match=r'^the context in cdk\.json needs "name", the application\'s name: a lower'
    ):
        read_stage({"prod": GOOD}, "prod", name)


def test_application_is_named_by_the_context_alone_when_a_stage_names_another() -> None:
    assert stage(application="other").application == NAME
