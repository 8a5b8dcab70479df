"""The SQS queue of broadcasts. Its messages are slices of recipients, never the frame itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol, Self

from signalbox.aws.endpoints import SQS
from signalbox.aws.errors import AwsError, InvalidResponseError, ServiceError
from signalbox.aws.json_api import JsonApi
from signalbox.aws.loop import all_of
from signalbox.aws.retries import with_retries

from .errors import InvalidSliceError, QueueError

VERSION = 1
"""Version of the message format. A release reads its own version and the one before."""

_BATCH = 10


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a broadcast: the recipients of one shard after `cursor`.

    Without a `shard` it covers all shards. A worker serves a slice until its deadline, and queues the rest as
    the next slice. `number` counts the slices of a shard from 1. `issued_at` is the broadcast's instant in
    epoch milliseconds. `audience` names the recipients, and None means all connections of `tenant`.
    """

    broadcast_id: str
    shard: int | None
    issued_at: int
    number: int = 1
    cursor: str | None = None
    audience: str | None = None
    tenant: str = ""

    def next(self, cursor: str | None) -> Slice:
        """Return the slice that continues at `cursor`."""
        return replace(self, number=self.number + 1, cursor=cursor)

    def to_text(self) -> str:
        """Return the text of the queue's message."""
        return json.dumps({"v": VERSION, **asdict(self)})

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a message, without the fields of later releases. Raises InvalidSliceError."""
        try:
            message = json.loads(text)
            if message["v"] not in {VERSION - 1, VERSION}:
                raise InvalidSliceError(
                    f"this release reads messages of version {VERSION - 1} and {VERSION} only"
                )
            slice_ = cls(
                broadcast_id=message["broadcast_id"],
                shard=message["shard"],
                issued_at=message["issued_at"],
                number=message["number"],
                cursor=message["cursor"],
                audience=message.get("audience"),
                tenant=message.get("tenant", ""),
            )
        except (ValueError, KeyError, TypeError):
            raise InvalidSliceError("the message is no slice of a broadcast") from None
        slice_._check()
        return slice_

    def _check(self) -> None:
        texts, numbers = [self.broadcast_id, self.tenant], [self.issued_at, self.number]
        texts += [text for text in (self.cursor, self.audience) if text is not None]
        numbers += [self.shard] if self.shard is not None else []
        if {*map(type, texts)} != {str} or {*map(type, numbers)} != {int}:
            raise InvalidSliceError("the message is no slice of a broadcast")


class Queue(Protocol):
    """A queue of slices for the workers."""

    async def send(self, slices: Sequence[Slice], *, delay: int = 0) -> None:
        """Send slices, visible after `delay` seconds. Raises QueueError."""
        ...


class SliceQueue:
    """The SQS queue at `url`. Nothing connects before the first call.

    `api` is by default the one that the standard environment variables describe.
    """

    def __init__(self, url: str, *, api: JsonApi | None = None) -> None:
        self._url = url
        self._api = api or JsonApi(SQS)

    async def send(self, slices: Sequence[Slice], *, delay: int = 0) -> None:
        """Send slices in batches of ten, all batches concurrently. Raises QueueError."""
        entries = [
            {"Id": str(number), "MessageBody": each.to_text(), "DelaySeconds": delay}
            for number, each in enumerate(slices)
        ]
        batches = (entries[first : first + _BATCH] for first in range(0, len(entries), _BATCH))
        await all_of(map(self._send, batches))

    async def _send(self, entries: list[dict[str, Any]]) -> None:
        async def attempt() -> None:
            nonlocal entries
            # A message that arrives twice does no harm: a worker knows what it has done.
            request = {"QueueUrl": self._url, "Entries": entries}
            answer = await self._api.call("SendMessageBatch", request, repeatable=True)
            accepted, refusal = _read(answer)
            entries = [entry for entry in entries if entry["Id"] not in accepted]
            if entries:
                raise refusal

        try:
            await with_retries(attempt)
        except AwsError as error:
            # SQS's text may quote the message, so only the name of the error is passed on.
            raise QueueError(str(error) or type(error).__name__) from None


def _read(answer: Mapping[str, Any]) -> tuple[set[str], AwsError]:
    """Return the ids that were accepted, and the error of the others."""
    try:
        accepted = {each["Id"] for each in answer.get("Successful", ())}
        failed = [(each["Code"], each.get("SenderFault", False)) for each in answer.get("Failed", ())]
    except (LookupError, TypeError, AttributeError):
        return set(), InvalidResponseError("an answer without the ids of messages")
    if not failed:
        return accepted, InvalidResponseError("an answer that leaves out messages")
    code, by_sender = failed[0]
    return accepted, ServiceError(f"{code}", "", 400 if by_sender else 503, {})
