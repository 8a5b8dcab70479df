"""A text that clients say, and that no log may repeat (S04, S14)."""

import logging

CANARY = "canary-5f1c-8d21"
"""Put it into payloads, tokens and client data: whichever test of the run it is logged in fails."""

sung: list[str] = []
"""Where it was logged, in this process, since somebody looked."""


def listen() -> None:
    """From now on look at every record of every logger, its extras included."""
    handle = logging.Logger.handle

    def listening(self: logging.Logger, record: logging.LogRecord) -> None:
        extras = {name: value for name, value in vars(record).items() if name not in {"args", "msg"}}
        if CANARY in f"{record.getMessage()} {extras}":
            sung.append(f"{record.name} {record.levelname} {record.pathname}:{record.lineno}")
        handle(self, record)

    logging.Logger.handle = listening  # type: ignore[method-assign]  # the one place all records pass
