"""Each permission is there for something: taken away, just that breaks."""

import pytest

from tests.deploy.deployment import Deployment
from tests.deploy.emulator import Emulator
from tests.deploy.permissions import MANAGE, Guard, Permission
from tests.deploy.probes import PROBES

GUARDED = True

TALKING = {"talk", "be_seen", "list_people", "reach_one", "meet", "reach_many", "be_swept"}
"""Whatever takes a message."""

PROOFS = {
    Permission(function, action): broken
    for (function, action), broken in {
        ("authorizer", "dynamodb:PutItem"): {"connect_with_ticket"},
        ("authorizer", "secretsmanager:GetSecretValue"): {"connect_with_ticket"},
        ("websocket", "dynamodb:PutItem"): {"connect", "connect_with_ticket", "leave"} | TALKING,
        ("websocket", "dynamodb:GetItem"): TALKING,
        ("websocket", "dynamodb:BatchGetItem"): {"meet"},
        ("websocket", "dynamodb:Query"): {"list_people", "reach_one", "meet", "reach_many"},
        ("websocket", "dynamodb:UpdateItem"): {"be_seen", "meet", "be_swept", "leave"},
        ("websocket", "dynamodb:DeleteItem"): {"meet"},
        ("websocket", "dynamodb:BatchWriteItem"): {"leave"},
        ("websocket", f"{MANAGE} POST"): {"reach_one", "meet"},
        ("websocket", "sqs:SendMessageBatch"): {"reach_many"},
        ("fanout_worker", "dynamodb:GetItem"): {"reach_many"},
        ("fanout_worker", "dynamodb:Query"): {"reach_many"},
        ("fanout_worker", "dynamodb:UpdateItem"): {"reach_many"},
        ("fanout_worker", "dynamodb:BatchWriteItem"): {"reach_many"},
        ("fanout_worker", f"{MANAGE} POST"): {"reach_many"},
        ("sweeper", "dynamodb:GetItem"): {"be_swept"},
        ("sweeper", "dynamodb:Query"): {"be_swept"},
        ("sweeper", "dynamodb:UpdateItem"): {"be_swept"},
        ("sweeper", "dynamodb:BatchWriteItem"): {"be_swept"},
        ("sweeper", f"{MANAGE} POST"): {"be_swept"},
        ("sweeper", f"{MANAGE} DELETE"): {"be_swept"},
    }.items()
}

BY_ITSELF = "the emulator does it by itself"
UNPROVEN = {
    ("*", "logs:CreateLogStream"): BY_ITSELF,
    ("*", "logs:PutLogEvents"): BY_ITSELF,
    ("fanout_worker", "sqs:ReceiveMessage"): BY_ITSELF,
    ("fanout_worker", "sqs:DeleteMessage"): BY_ITSELF,
    ("fanout_worker", "sqs:GetQueueAttributes"): BY_ITSELF,
    ("fanout_worker", "sqs:SendMessageBatch"): "a slice goes on only when its minute was too short",
    ("fanout_worker", f"{MANAGE} DELETE"): "only who does not read is closed",
    ("websocket", f"{MANAGE} DELETE"): "only who does not read is closed",
}
"""What is not shown here, and why."""


@pytest.fixture(scope="module")
def guard(deployment: Deployment, emulator: Emulator) -> Guard:
    return Guard(emulator)


def test_every_permission_has_a_proof(guard: Guard) -> None:
    unproven = {each for each in guard.permissions() if {each, ("*", each.action)} & UNPROVEN.keys()}

    assert guard.permissions() - unproven == PROOFS.keys()


async def test_everything_works_when_nothing_is_taken_away(deployment: Deployment) -> None:
    assert await broken(deployment) == set()


@pytest.mark.parametrize("permission", PROOFS, ids=": ".join)
async def test_just_that_breaks_when_a_permission_is_taken_away(
    permission: Permission, guard: Guard, deployment: Deployment
) -> None:
    with guard.without(permission):
        assert await broken(deployment) == PROOFS[permission]


async def broken(deployment: Deployment) -> set[str]:
    """The names of the probes that fail."""
    failed = set()
    for name, probe in PROBES.items():
        try:
            await probe(deployment)
        except Exception:  # noqa: BLE001 - however it fails, it is broken
            failed.add(name)
    return failed
