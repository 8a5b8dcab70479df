from typing import Any

from tests.framework.realtime.backend import NOW, Backend


def test_every_connection_is_listed_once_when_pages_are_small(backend: Backend) -> None:
    for number in range(25):
        backend.connect(f"{number}=", name=f"n{number}")
    cursor, names = None, []
    for _ in range(200):
        page: Any = backend.send("0=", {"action": "who", "limit": 4, "cursor": cursor})
        names += [person["name"] for person in page["people"]]
        cursor = page["cursor"]
        if cursor is None:
            break

    assert sorted(names) == sorted(f"n{number}" for number in range(25))


def test_nobody_is_listed_when_their_rows_have_expired(backend: Backend) -> None:
    backend.connect("old=")
    backend.connect("new=", now=NOW + 7_500_000)

    page = backend.send("new=", {"action": "who"}, now=NOW + 7_501_000)

    assert len(page["people"]) == 1


def test_field_is_named_when_the_cursor_is_forged(backend: Backend) -> None:
    backend.connect("a=")

    error = backend.send("a=", {"action": "who", "cursor": "99:x"})

    assert (error["code"], error["fields"]) == (
        "invalid_message",
        [{"field": "cursor", "problem": "invalid"}],
    )
