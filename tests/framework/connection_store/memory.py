"""A table that is only as real as counting its costs takes."""

from typing import Any


class Memory:
    """Rows by key, as much of a table as coming, subscribing and going need; conditions always hold."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], Any] = {}

    def get_item(self, *, Key: Any, **request: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {}

    def transact_write_items(self, *, TransactItems: Any, **request: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        for entry in TransactItems:
            if "Put" in entry:
                item = entry["Put"]["Item"]
                self._items[item["pk"]["S"], item["sk"]["S"]] = item
        return {}

    def put_item(self, *, Item: Any, **request: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        self._items[Item["pk"]["S"], Item["sk"]["S"]] = Item
        return {}

    def update_item(self, *, Key: Any, **request: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"Attributes": self._items[Key["pk"]["S"], Key["sk"]["S"]]}

    def batch_get_item(self, *, RequestItems: Any, **request: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        [(table, wanted)] = RequestItems.items()
        keys = [(key["pk"]["S"], key["sk"]["S"]) for key in wanted["Keys"]]
        return {"Responses": {table: [self._items[key] for key in keys if key in self._items]}}

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        pass
