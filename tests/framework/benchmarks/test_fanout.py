from benchmarks.fanout import CASES, CEILING, OURS, WAYS, make_table

ONCE = {CASES[0]: [(625.0, 1_000.0)], CASES[2]: [(2_000.0, 22_000.0)]}
RESULTS = {way.name: ONCE for way in WAYS} | {
    OURS.name: {CASES[0]: [(20.0, 40.0), (30.0, 60.0), (25.0, 50.0)], CASES[2]: [(40.0, 100.0)]},
}


def test_a_row_has_median_range_rate_and_ratio_when_it_was_measured() -> None:
    heading, _, first, *_, boto3, _ = make_table(RESULTS).splitlines()

    assert heading.split(" | ")[1:] == ["128 B", "128 B, sink takes 20 ms", "times our CPU |"]
    assert first == f"| {OURS.name} | 25 (20 to 30), 20,000/s | 40 (40 to 40), 10,000/s | 1.0 |"
    assert boto3 == "| boto3, one by one | 625 (625 to 625), 1,000/s | 2000 (2000 to 2000), 45/s | 25.0 |"


def test_a_row_says_what_is_missing_when_it_was_not_measured() -> None:
    *_, last = make_table(RESULTS).splitlines()

    assert last == f"| {CEILING} | not installed: `apt install wrk` |  |  |"
