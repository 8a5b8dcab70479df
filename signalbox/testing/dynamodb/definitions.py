"""Tables: made, described, removed, and their expiry switched on."""

from collections.abc import Mapping
from typing import Any

from .refusals import invalid, table_exists
from .store import Request, Store
from .tables import MemoryTable


def create_table(store: Store, request: Request) -> dict[str, Any]:
    """Execute CreateTable; the table can be used at once."""
    name = request["TableName"]
    if name in store.tables:
        raise table_exists(name)
    store.tables[name] = MemoryTable(request)
    return {"TableDescription": _description(store.tables[name].definition)}


def describe_table(store: Store, request: Request) -> dict[str, Any]:
    """Execute DescribeTable."""
    return {"Table": _description(store.table(request["TableName"]).definition)}


def delete_table(store: Store, request: Request) -> dict[str, Any]:
    """Execute DeleteTable; the table is gone at once."""
    definition = store.table(request["TableName"]).definition
    del store.tables[request["TableName"]]
    return {"TableDescription": {**_description(definition), "TableStatus": "DELETING"}}


def update_time_to_live(store: Store, request: Request) -> dict[str, Any]:
    """Execute UpdateTimeToLive. It is only remembered: nothing expires here."""
    table, setting = store.table(request["TableName"]), request["TimeToLiveSpecification"]
    if setting["Enabled"] == (table.ttl_attribute is not None):
        raise invalid("TimeToLive is in that state already")
    table.ttl_attribute = setting["AttributeName"] if setting["Enabled"] else None
    return {"TimeToLiveSpecification": setting}


def describe_time_to_live(store: Store, request: Request) -> dict[str, Any]:
    """Execute DescribeTimeToLive."""
    attribute = store.table(request["TableName"]).ttl_attribute
    if attribute is None:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute}}


def _description(definition: Mapping[str, Any]) -> dict[str, Any]:
    billing = {"BillingMode": definition.get("BillingMode", "PROVISIONED")}
    known = {name: definition[name] for name in ("TableName", "AttributeDefinitions", "KeySchema")}
    return {**known, "TableStatus": "ACTIVE", "BillingModeSummary": billing}
