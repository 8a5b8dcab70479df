"""DynamoDB units of each event, as measured. `docs/operations.md` shows them.

`tests/contract/test_operations.py` measures every row of that document, and a test compares the two.
"""

UNITS: dict[str, tuple[float, float]] = {
    "connect": (1, 6),
    "connect, with other connections": (2, 6),
    "subscribe": (1, 7),
    "subscribe, the first of a channel": (1, 8),
    "subscribe to 10 channels": (10, 43),
    "subscribe and recover, nothing missed": (1, 7),
    "subscribe and recover, 10 missed": (4, 7),
    "publish 1 KB": (5, 9),
    "publish 4 KB": (5, 15),
    "publish 32 KB": (5, 71),
    "publish 1 KB again, with the same key": (1, 9),
    "publish without history, of any size": (3, 1),
    "history, 50 of 1 KB": (15, 0),
    "ping within 30 s of the last": (0.5, 0),
    "ping": (0.5, 1),
    "positions of 10 channels in a ping": (5, 0),
    "presence of 50 users": (30, 0),
    "unsubscribe": (1, 7),
    "disconnect": (0, 4),
    "disconnect from 1 channel": (1, 6),
    "disconnect from 10 channels": (1, 24),
    "sweep, nobody left": (16, 0),
}
"""Read units and write units by event. A message also reads its connection, which is not in its row."""
