"""The permissions of a deployed stage, and the stage without one of them."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from signalbox.dev.engine import REGION
from tests.deploy.emulator import ACCOUNT, Emulator

MANAGE = "execute-api:ManageConnections"
REMEMBERED = {"secretsmanager:GetSecretValue"}
"""What a function asks for once: only a new sandbox does so again."""


class Permission(NamedTuple):
    """That a function, named by its handler's module, may do something: an action, or a method of one."""

    function: str
    action: str


class FunctionPolicies:
    """Who may do what, as the emulator's IAM has it."""

    def __init__(self, emulator: Emulator) -> None:
        self._iam = emulator.client("iam")
        self._lambda = emulator.client("lambda")
        self._functions = {
            each["Handler"].split(".")[1]: each for each in self._lambda.list_functions()["Functions"]
        }

    def permissions(self) -> set[Permission]:
        """Every permission there is."""
        return {
            Permission(function, action)
            for function in self._functions
            for _, document in self._policies(function)
            for statement in document["Statement"]
            for action in actions(statement)
        }

    @contextmanager
    def without(self, permission: Permission) -> Iterator[None]:
        """Inside, the function lacks this permission."""
        policies = list(self._policies(permission.function))
        for name, document in policies:
            statements = [
                {**each, "Action": [action.partition(" ")[0] for action in left]}
                for each in document["Statement"]
                if (left := [action for action in actions(each) if action != permission.action])
            ]
            self._put(permission.function, name, {**document, "Statement": statements})
        self._forget(permission)
        try:
            yield
        finally:
            for name, document in policies:
                self._put(permission.function, name, document)
            self._forget(permission)

    def _policies(self, function: str) -> Iterator[tuple[str, dict[str, Any]]]:
        role = self._role(function)
        for name in self._iam.list_role_policies(RoleName=role)["PolicyNames"]:
            yield name, self._iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]

    def _put(self, function: str, name: str, document: dict[str, Any]) -> None:
        self._iam.put_role_policy(
            RoleName=self._role(function), PolicyName=name, PolicyDocument=json.dumps(document)
        )

    def _forget(self, permission: Permission) -> None:
        if permission.action in REMEMBERED:
            function = self._functions[permission.function]
            # To whatever it is: the emulator then starts new sandboxes.
            self._lambda.update_function_configuration(
                FunctionName=function["FunctionArn"], Timeout=function["Timeout"]
            )

    def _role(self, function: str) -> str:
        return str(self._functions[function]["Role"]).rpartition("/")[2]


class User:
    """A user of the account who may do some of DynamoDB's actions on one table."""

    def __init__(self, emulator: Emulator, name: str, table: str) -> None:
        self._iam = emulator.client("iam")
        self._name = name
        self._resource = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
        self._iam.create_user(UserName=name)
        key = self._iam.create_access_key(UserName=name)["AccessKey"]
        self.dynamodb = emulator.client_of("dynamodb", key["AccessKeyId"], key["SecretAccessKey"])

    def allow(self, actions: Iterable[str]) -> None:
        """Let the user do these actions and no others."""
        allowed = [f"dynamodb:{action}" for action in sorted(actions)]
        statement = {"Effect": "Allow", "Action": allowed, "Resource": self._resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._iam.put_user_policy(UserName=self._name, PolicyName="store", PolicyDocument=document)


def actions(statement: dict[str, Any]) -> list[str]:
    """What a statement allows; of `@connections` the method, which is in the resource."""
    action = statement["Action"]
    if action == MANAGE:
        return [f"{MANAGE} {statement['Resource'].split('/')[-3]}"]
    return action if isinstance(action, list) else [action]
