"""Rules for the whole package, kept by reading its source."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import connection_store

PACKAGE = Path(connection_store.__file__).parent
MODULES = sorted(PACKAGE.glob("*.py"))
KEY_LITERAL = re.compile(r"#|^@$|\b(pk|sk)\b|\b(conns|data|user)/")


def texts(tree: ast.AST) -> Iterator[str]:
    """Every string in the code that is not a docstring."""
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield node.value


def imports(tree: ast.AST) -> set[str]:
    """The outside packages a module imports anywhere."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize(
    "module", [module for module in MODULES if module.name != "schema.py"], ids=lambda p: p.stem
)
def test_no_key_is_spelled_out_when_outside_the_schema(module: Path) -> None:
    found = [text for text in texts(ast.parse(module.read_text())) if KEY_LITERAL.search(text)]
    assert found == []


def test_f22_partition_keys_are_made_in_one_place_and_never_without_an_id() -> None:
    schema = ast.parse((PACKAGE / "schema.py").read_text())
    makers = {
        node.name
        for node in schema.body
        if isinstance(node, ast.FunctionDef) and any("#" in text for text in texts(node))
    }
    outside = [text for node in schema.body if not isinstance(node, ast.FunctionDef) for text in texts(node)]
    in_a_partition = {"publication_key", "seen_key", "shard_in", "subscribers_partition"}
    assert makers - in_a_partition == {"_partition"}
    assert not any("#" in text for text in outside)
    with pytest.raises(connection_store.InvalidKeyError):
        connection_store.schema.user_partition("", "")


def test_sdk_is_imported_where_a_client_of_its_own_was_given_and_nowhere_else() -> None:
    found = {module.stem: imports(ast.parse(module.read_text())) for module in MODULES}

    assert [name for name, packages in found.items() if "botocore" in packages] == ["boto3_engine"]


def test_sdk_is_not_loaded_when_the_package_is_imported() -> None:
    code = "import sys, connection_store; print([name for name in sys.modules if name.startswith('boto')])"
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert loaded.stdout.strip() == "[]"


def test_exported_names_stay() -> None:
    assert sorted(connection_store.__all__) == [
        "AccessDeniedError",
        "Allowances",
        "Appended",
        "Channel",
        "ChannelHead",
        "Connection",
        "ConnectionGoneError",
        "ConnectionLimitError",
        "ConnectionManager",
        "Counts",
        "EndedConnection",
        "ForeignTableError",
        "History",
        "HistoryGoneError",
        "HistoryPage",
        "InvalidCursorError",
        "InvalidKeyError",
        "ItemTooLargeError",
        "Lifetimes",
        "Page",
        "Position",
        "Presence",
        "PresenceList",
        "PresentUser",
        "Progress",
        "Publication",
        "QueuedBroadcasts",
        "Rate",
        "Recovery",
        "RevokedError",
        "SpentTickets",
        "Step",
        "StoreBusyError",
        "StoreError",
        "Subscribed",
        "Subscriber",
        "Subscription",
        "SubscriptionLimitError",
        "Subscriptions",
        "Table",
        "TableMissingError",
        "TransactionConflictError",
        "UserConnection",
        "UserRates",
        "time_budget",
    ]
