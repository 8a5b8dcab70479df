"""Each permission is there for something: taken away, just that breaks."""

import asyncio
import logging
import secrets
import time
from collections.abc import Collection

import pytest

from connection_store import AccessDeniedError, ConnectionManager, Table
from tests.contract.permissions import CLASSIC
from tests.deploy.deployment import Deployment
from tests.deploy.emulator import Emulator
from tests.deploy.permissions import MANAGE, FunctionPolicies, Permission, User
from tests.deploy.probes import PATIENCE, PROBES

pytestmark = pytest.mark.timeout(1_200)
_LOG = logging.getLogger(__name__)

GUARDED = True
STAGE = {"fanout_concurrency": 2, "limits": {"message_rate": 1, "message_burst": 10}}
"""No more workers than the machine has processors, and not much for one connection."""

AT_ONCE = 3
"""Probes under way: the emulator takes a process for whatever is invoked at the same time."""

ALL = frozenset(PROBES)
IN_CHANNELS = {"meet", "catch_up", "be_swept"}
SENDING = {"reach_one", "reach_many"} | IN_CHANNELS
"""What others would have to bear, and is counted."""

READING = {"list_people", "reach_one", "meet", "catch_up", "reach_many"}
"""What is about more than one connection."""

PROOFS = {
    Permission(function, action): broken
    for (function, action), broken in {
        ("authorizer", "dynamodb:PutItem"): {"connect_with_ticket", "stay"},
        ("authorizer", "secretsmanager:GetSecretValue"): {"connect_with_ticket", "stay"},
        ("websocket", "secretsmanager:GetSecretValue"): {"stay"},
        ("websocket", "dynamodb:PutItem"): ALL,
        ("websocket", "dynamodb:GetItem"): ALL,
        ("websocket", "dynamodb:Query"): READING | {"connect_with_ticket", "stay"},
        ("websocket", "dynamodb:BatchGetItem"): {"meet", "catch_up"},
        ("websocket", "dynamodb:UpdateItem"): {"be_seen", "stay", "overdo", "leave"} | SENDING,
        ("websocket", "dynamodb:DeleteItem"): {"meet"},
        ("websocket", "dynamodb:BatchWriteItem"): {"leave"},
        ("websocket", f"{MANAGE} POST"): {"reach_one", "meet", "overdo"},
        ("websocket", f"{MANAGE} DELETE"): {"overdo"},
        ("websocket", "sqs:SendMessageBatch"): {"reach_many"},
        ("worker", "dynamodb:GetItem"): {"reach_many"},
        ("worker", "dynamodb:Query"): {"reach_many"},
        ("worker", "dynamodb:UpdateItem"): {"reach_many"},
        ("worker", "dynamodb:BatchWriteItem"): {"reach_many"},
        ("worker", f"{MANAGE} POST"): {"reach_many"},
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
    ("worker", "sqs:ReceiveMessage"): BY_ITSELF,
    ("worker", "sqs:DeleteMessage"): BY_ITSELF,
    ("worker", "sqs:GetQueueAttributes"): BY_ITSELF,
    ("worker", "sqs:SendMessageBatch"): "a slice goes on only when its minute was too short",
    ("worker", f"{MANAGE} DELETE"): "it closes who does not read, and the emulator reads for them",
}
"""What is not shown here, and why."""


@pytest.fixture(scope="module")
def policies(emulator: Emulator, deployment: Deployment) -> FunctionPolicies:
    deployment.stop_clock()
    return FunctionPolicies(emulator)


@pytest.fixture(scope="module")
def pace(deployment: Deployment, policies: FunctionPolicies) -> float:
    """Seconds in which everything is done, once there are sandboxes: each by itself takes far less."""
    assert broken(deployment) == set()
    started = time.monotonic()
    assert broken(deployment) == set()
    return time.monotonic() - started


def test_every_permission_has_a_proof(policies: FunctionPolicies) -> None:
    unproven = {each for each in policies.permissions() if {each, ("*", each.action)} & UNPROVEN.keys()}

    assert policies.permissions() - unproven == PROOFS.keys()


@pytest.mark.parametrize("permission", PROOFS, ids=": ".join)
def test_just_that_breaks_when_a_permission_is_taken_away(
    permission: Permission, policies: FunctionPolicies, deployment: Deployment, pace: float
) -> None:
    with policies.without(permission):
        assert broken(deployment, PROOFS[permission], pace) == PROOFS[permission]


@pytest.fixture(scope="module")
def user(emulator: Emulator) -> User:
    """Somebody with a table and the documented manager, and nothing else of this project."""
    root = Table("classic", client=emulator.client("dynamodb"))
    asyncio.run(ConnectionManager(table=root).init_table())
    return User(emulator, "classic", "classic")


def test_five_actions_suffice_for_the_documented_manager(user: User) -> None:
    user.allow(CLASSIC)
    asyncio.run(use_manager(user))


@pytest.mark.parametrize("action", sorted(CLASSIC))
def test_documented_manager_is_refused_when_one_of_the_five_is_missing(user: User, action: str) -> None:
    user.allow(CLASSIC - {action})
    with pytest.raises(AccessDeniedError):
        asyncio.run(use_manager(user))


async def use_manager(user: User) -> None:
    """Call every documented method, and see that nothing is left."""
    connections = ConnectionManager(table=Table("classic", client=user.dynamodb))
    id_, group = f"{secrets.token_hex(8)}=", f"team:{secrets.token_hex(8)}"
    await connections.create_group(group)
    await connections.connect(id_, {"theme": "dark"}, user_id=id_)
    await connections.add_to_group(group, id_)
    found = await connections.get_connection(id_)
    assert found is not None
    assert found.client_data == {"theme": "dark"}
    assert await connections.get_group_connections(group) == [id_]
    assert await connections.update_last_seen(id_)
    await connections.remove_from_group(group, id_)
    await connections.add_to_group(group, id_)
    await connections.disconnect(id_)
    assert await connections.get_group_connections(group) == []
    assert await connections.get_connection(id_) is None
    assert not await connections.update_last_seen(id_)
    assert await connections.get_client_data(id_) is None


def broken(deployment: Deployment, doomed: Collection[str] = (), patience: float = 0) -> set[str]:
    """The names of the probes that fail twice, or, if they are `doomed`, within `patience` seconds."""
    free = asyncio.Semaphore(AT_ONCE)

    async def works(name: str, seconds: float) -> bool:
        try:
            async with free, asyncio.timeout(seconds):
                await PROBES[name](deployment)
        except Exception as error:  # noqa: BLE001 - however it fails, it is broken
            _LOG.warning("%s: %r", name, error)
            return False
        return True

    async def fails(name: str) -> bool:
        if name in doomed:
            return not await works(name, patience)
        # A busy machine can make anything fail, but hardly twice.
        return not (await works(name, PATIENCE) or await works(name, PATIENCE))

    async def ask() -> set[str]:
        # A sweep comes last: it makes up for what others left undone.
        *others, swept = PROBES
        failed = [*await asyncio.gather(*map(fails, others)), await fails(swept)]
        return {name for name, each in zip(PROBES, failed, strict=True) if each}

    return asyncio.run(ask())
