from tests.infrastructure.conftest import ORIGIN
from tests.infrastructure.templates import Template


def environment(template: Template) -> dict[str, object]:
    _, function = template.function("handlers.authorizer.handler")
    variables: dict[str, object] = function["Environment"]["Variables"]
    return variables


def test_authorizer_knows_pages_and_guests_when_deployed(dev: Template, prod: Template) -> None:
    assert environment(dev)["ALLOWED_ORIGINS"] == "http://localhost:8000"
    assert environment(dev)["ALLOW_GUESTS"] == "true"
    assert environment(prod)["ALLOWED_ORIGINS"] == ORIGIN
    assert environment(prod)["ALLOW_GUESTS"] == "false"


def test_authorizer_knows_the_identity_provider_when_there_is_one(dev: Template, prod: Template) -> None:
    tokens = {name: value for name, value in environment(prod).items() if name.startswith("JWT_")}

    assert tokens == {
        "JWT_ISSUER": "https://id.example.com/",
        "JWT_AUDIENCE": "live",
        "JWT_ALGORITHM": "RS256",
    }
    assert not any(name.startswith("JWT_") for name in environment(dev))


def test_secret_of_tickets_is_named_and_never_shown(dev: Template) -> None:
    (secret,) = dev.of("SecretsManager::Secret")

    assert environment(dev)["TICKET_SECRET"] == {"Fn::GetAtt": [secret, "Id"]}
    assert dev.one("SecretsManager::Secret")["GenerateSecretString"]["PasswordLength"] == 64


def test_websocket_function_reads_the_same_secret_when_a_session_is_extended(dev: Template) -> None:
    _, function = dev.function("handlers.websocket.handler")

    assert function["Environment"]["Variables"]["TICKET_SECRET"] == environment(dev)["TICKET_SECRET"]
    assert "secretsmanager:GetSecretValue" in dev.actions("handlers.websocket.handler")
    assert "secretsmanager:GetSecretValue" not in dev.actions("handlers.worker.handler")


def test_secret_outlives_its_stage_when_data_are_retained(dev: Template, prod: Template) -> None:
    policies = [
        each["DeletionPolicy"]
        for template in (dev, prod)
        for each in template.of("SecretsManager::Secret").values()
    ]

    assert policies == ["Delete", "Retain"]


def test_websocket_function_admits_no_guests_by_itself_when_deployed(dev: Template) -> None:
    _, function = dev.function("handlers.websocket.handler")

    assert "ALLOW_GUESTS" not in function["Environment"]["Variables"]
    assert function["Environment"]["Variables"]["DEMO"] == "false"
