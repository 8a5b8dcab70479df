from typing import Any

from tests.infrastructure.templates import Template

HANDLER = "handlers.worker.handler"


def test_slices_stay_hidden_for_six_times_as_long_as_a_worker_lives(dev: Template) -> None:
    _, worker = dev.function(HANDLER)
    queue, _ = queues(dev)

    assert worker["Timeout"] == 60
    assert queue["VisibilityTimeout"] >= 6 * worker["Timeout"]


def test_f30_slices_are_given_up_after_five_tries(dev: Template) -> None:
    queue, dead_letters = queues(dev)

    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert dead_letters["MessageRetentionPeriod"] == 14 * 24 * 3_600


def test_f33_workers_are_bounded_by_the_event_source_alone(dev: Template) -> None:
    name, worker = dev.function(HANDLER)
    source = dev.one("Lambda::EventSourceMapping")
    variables = worker["Environment"]["Variables"]

    assert source["FunctionName"] == {"Ref": name}
    assert source["ScalingConfig"] == {"MaximumConcurrency": int(variables["FANOUT_CONCURRENCY"])}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert "ReservedConcurrentExecutions" not in worker


def test_f16_send_budget_is_the_same_for_all_who_share_it(dev: Template) -> None:
    budgets = [each["Environment"]["Variables"].get("SEND_BUDGET") for each in dev.all("Lambda::Function")]

    assert sorted(map(str, budgets)) == ["3000", "3000", "3000", "None"]


def test_worker_may_take_from_its_queue_and_leave_there_what_is_left(dev: Template) -> None:
    actions = {action for action in dev.actions(HANDLER) if action.startswith("sqs:")}

    assert actions == {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:SendMessage",
    }
    assert "sqs:ReceiveMessage" not in dev.actions("handlers.websocket.handler")
    assert "sqs:SendMessage" in dev.actions("handlers.websocket.handler")


def test_emulator_judges_batches_by_their_own_name(emulated: Template, dev: Template) -> None:
    sender = "handlers.websocket.handler"

    assert emulated.actions(sender) - dev.actions(sender) == {"sqs:SendMessageBatch"}
    assert dev.actions(sender) - emulated.actions(sender) == {"sqs:SendMessage"}


def queues(template: Template) -> tuple[Any, Any]:
    first, second = template.all("SQS::Queue")
    return (first, second) if "RedrivePolicy" in first else (second, first)
