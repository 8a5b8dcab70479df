from typing import Any

from tests.framework.realtime.backend import NOW, Bench


def test_every_connection_is_listed_once_when_pages_are_small(bench: Bench) -> None:
    for number in range(25):
        bench.connect(f"{number}=", name=f"n{number}")
    cursor, names = None, []
    for _ in range(200):
        page: Any = bench.send("0=", {"action": "who", "limit": 4, "cursor": cursor})
        names += [person["name"] for person in page["people"]]
        cursor = page["cursor"]
        if cursor is None:
            break

    assert sorted(names) == sorted(f"n{number}" for number in range(25))


def test_nobody_is_listed_when_their_rows_have_expired(bench: Bench) -> None:
    bench.connect("old=")
    bench.connect("new=", now=NOW + 7_500_000)

    page = bench.send("new=", {"action": "who"}, now=NOW + 7_501_000)

    assert len(page["people"]) == 1


def test_field_is_named_when_the_cursor_is_forged(bench: Bench) -> None:
    bench.connect("a=")

    error = bench.send("a=", {"action": "who", "cursor": "99:x"})

    assert (error["code"], error["fields"]) == (
        "invalid_message",
        [{"field": "cursor", "problem": "invalid"}],
    )
