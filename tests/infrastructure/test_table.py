from connection_store import schema
from tests.infrastructure.templates import Template


def test_table_has_the_keys_of_the_store_when_synthesized(dev: Template) -> None:
    table = dev.one("DynamoDB::Table")
    definition = schema.definition("")

    assert table["KeySchema"] == definition["KeySchema"]
    assert table["AttributeDefinitions"] == definition["AttributeDefinitions"]
    assert table["BillingMode"] == definition["BillingMode"]


def test_table_deletes_what_has_expired_when_synthesized(dev: Template) -> None:
    expiry = schema.expiry("")["TimeToLiveSpecification"]

    assert dev.one("DynamoDB::Table")["TimeToLiveSpecification"] == expiry


def test_table_can_be_restored_in_every_stage(dev: Template, prod: Template) -> None:
    for template in (dev, prod):
        table = template.one("DynamoDB::Table")
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_table_has_no_index_when_synthesized(dev: Template) -> None:
    table = dev.one("DynamoDB::Table")

    assert not {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"} & table.keys()


def test_table_outlives_its_stack_only_when_its_data_are_retained(dev: Template, prod: Template) -> None:
    (thrown_away,) = dev.of("DynamoDB::Table").values()
    (kept,) = prod.of("DynamoDB::Table").values()

    assert (thrown_away["DeletionPolicy"], kept["DeletionPolicy"]) == ("Delete", "Retain")
    assert kept["Properties"]["DeletionProtectionEnabled"] is True
    assert thrown_away["Properties"]["DeletionProtectionEnabled"] is False
