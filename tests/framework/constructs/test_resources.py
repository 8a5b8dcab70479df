"""Resources of the application's own, each added with one line."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from signalbox.constructs.errors import BackendError
from tests.infrastructure.templates import Template, listed, text

if TYPE_CHECKING:
    from signalbox.constructs import RealtimeBackend

APPLICATION = ["handlers.websocket.handler", "handlers.worker.handler", "handlers.sweeper.handler"]
AUTHORIZER = "handlers.authorizer.handler"
ACCOUNT = "eu-west-1:123456789012"


def variables(template: Template, handler: str) -> dict[str, Any]:
    found: dict[str, Any] = template.function(handler)[1]["Environment"]["Variables"]
    return found


def own(template: Template) -> list[tuple[set[str], list[str]]]:
    """The statements of the policy of the application's own resources: actions, and on what."""
    (policy,) = (each for each in template.all("IAM::Policy") if len(each["Roles"]) == len(APPLICATION))
    return [
        (set(listed(each["Action"])), [text(resource) for resource in listed(each["Resource"])])
        for each in policy["PolicyDocument"]["Statement"]
    ]


def allowed(template: Template, resource: str) -> set[str]:
    """What the application's functions may do with a resource."""
    return {action for actions, resources in own(template) if resource in resources for action in actions}


@pytest.mark.parametrize("handler", APPLICATION)
def test_functions_of_the_application_have_its_variables(demo: Template, handler: str) -> None:
    (table,) = demo.of("DynamoDB::GlobalTable")

    assert variables(demo, handler)["TICKETS_TABLE"] == {"Ref": table}
    assert variables(demo, handler)["UNREAD"] == "x"


def test_authorizer_runs_no_code_of_the_application_and_has_none_of_its_variables(demo: Template) -> None:
    added = {"TICKETS_TABLE", "STRIPE_KEY", "ORDERS_QUEUE_URL", "UNREAD"}

    assert not added & variables(demo, AUTHORIZER).keys()
    assert not any("sqs" in action or "s3" in action for action in demo.actions(AUTHORIZER))


def test_own_permissions_are_one_policy_of_every_function_of_the_application(demo: Template) -> None:
    roles = [demo.function(handler)[1]["Role"]["Fn::GetAtt"][0] for handler in APPLICATION]
    (policy,) = (each for each in demo.all("IAM::Policy") if len(each["Roles"]) == len(APPLICATION))

    assert policy["Roles"] == [{"Ref": role} for role in roles]


def test_application_has_no_policy_of_its_own_when_it_adds_nothing(other: Template) -> None:
    assert all(len(each["Roles"]) == 1 for each in other.all("IAM::Policy"))


def test_table_may_be_read_and_written_with_its_indexes_when_granted(demo: Template) -> None:
    (table,) = demo.of("DynamoDB::GlobalTable")

    assert {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"} <= allowed(demo, f"<{table}.Arn>")
    assert "dynamodb:Query" in allowed(demo, f"<{table}.Arn>/index/*")
    assert "dynamodb:DeleteTable" not in allowed(demo, f"<{table}.Arn>")


def test_bucket_may_be_read_and_written_when_granted(demo: Template) -> None:
    (bucket,) = demo.of("S3::Bucket")

    assert {"s3:GetObject*", "s3:PutObject"} <= allowed(demo, f"<{bucket}.Arn>/*")


def test_actions_are_the_only_ones_when_a_grant_names_them(demo: Template) -> None:
    assert allowed(demo, "arn:<AWS::Partition>:s3:::archive/*") == {"s3:GetObject"}


def test_topic_may_be_published_to_when_granted(demo: Template) -> None:
    assert allowed(demo, f"arn:aws:sns:{ACCOUNT}:news") == {"sns:Publish"}


def test_secret_may_be_read_when_a_variable_is_set_to_it(demo: Template) -> None:
    arn = f"arn:aws:secretsmanager:{ACCOUNT}:secret:mail-AbCdEf"

    assert variables(demo, APPLICATION[0])["STRIPE_KEY"] == arn
    assert "secretsmanager:GetSecretValue" in allowed(demo, arn)


def test_secret_may_be_read_when_a_variable_is_set_to_its_arn(demo: Template) -> None:
    arn = f"arn:aws:secretsmanager:{ACCOUNT}:secret:mail"

    assert variables(demo, APPLICATION[0])["MAIL_KEY"] == arn
    # Secrets Manager ends an ARN with six characters that people leave out.
    assert allowed(demo, f"{arn}-??????") == {"secretsmanager:GetSecretValue"}


def test_parameter_may_be_read_when_a_variable_is_set_to_its_arn(demo: Template) -> None:
    arn = f"arn:aws:ssm:{ACCOUNT}:parameter/sign"

    assert variables(demo, APPLICATION[0])["SIGN_KEY"] == arn
    assert allowed(demo, arn) == {"ssm:GetParameter"}


def test_queue_has_a_variable_and_may_be_sent_to_and_keeps_what_failed(demo: Template) -> None:
    (name, queue), (failed, _) = (
        (name, each) for name, each in demo.of("SQS::Queue").items() if name.startswith("Orders")
    )
    if "RedrivePolicy" not in queue["Properties"]:
        name, failed, queue = failed, name, demo.resources[failed]

    assert variables(demo, APPLICATION[0])["ORDERS_QUEUE_URL"] == {"Ref": name}
    assert "sqs:SendMessage" in allowed(demo, f"<{name}.Arn>")
    assert queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": [failed, "Arn"]}


def test_warning_is_part_of_the_synth_when_no_setting_reads_a_variable(assembly: Any) -> None:
    messages = [str(each.entry.data) for each in assembly.get_stack_by_name("demo-dev").messages]
    unread = [message for message in messages if "does not read" in message]

    assert len(unread) == 1
    assert "small_settings.py: Settings does not read UNREAD, which the stack sets" in unread[0]


def test_stack_is_refused_when_it_asks_for_what_makes_no_sense(
    make_backend: "Callable[[str], RealtimeBackend]",
) -> None:
    backend = make_backend("Nothing")

    with pytest.raises(BackendError, match=r"backend\.environment\(TABLE_NAME=\.\.\.\) would replace"):
        backend.environment(TABLE_NAME="mine")
    with pytest.raises(BackendError, match=r'backend\.queue\("My Orders"\): a name is lower-case words'):
        backend.queue("My Orders")
    with pytest.raises(BackendError, match=r"backend\.grant\(\) knows no usual permission on object"):
        backend.grant(object())  # type: ignore[arg-type]
    with pytest.raises(BackendError, match=r"backend\.grant\(\) finds no ARN of object"):
        backend.grant(object(), "s3:GetObject")  # type: ignore[arg-type]
