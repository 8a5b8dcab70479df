from tests.infrastructure.templates import Template


def test_logging_is_set_up_before_the_stage_that_logs(dev: Template) -> None:
    (setting,) = dev.of("ApiGateway::Account")
    (stage,) = dev.of("ApiGatewayV2::Stage").values()

    assert setting in stage["DependsOn"]


def test_account_is_left_alone_when_another_stage_set_it_up(prod: Template) -> None:
    assert not prod.of("ApiGateway::Account")
