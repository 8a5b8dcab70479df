"""The output of the commands for channels: text on a terminal, JSON objects in a pipe."""

from collections.abc import Mapping
from typing import Any, TextIO

from ..connection.frames import compact
from ..values import Gap, Item, Presence, Published
from .transcript import clock, content, plain

_GAPS = {
    "unrecovered": "publications are missing: the server could not recover them",
    "lost": "publications are missing: the history no longer has them",
    "overflow": "publications were dropped: they came faster than they were read",
}


class Printer:
    """Prints lines for people if ``readable``, otherwise for programs."""

    def __init__(self, output: TextIO, *, readable: bool) -> None:
        self._output = output
        self._readable = readable

    def show_item(self, item: Item) -> None:
        """Print a publication or a gap."""
        position = item.position and str(item.position)
        if isinstance(item, Gap):
            fields = {"channel": item.channel, "gap": item.reason, "position": position}
            self._print(f"-- {_GAPS[item.reason]}", fields)
            return
        sender = {"user_id": item.sender.user_id, "name": item.sender.name}
        known = {"channel": item.channel, "position": position, "sender": sender}
        text = f"{clock(item.sent_at)} {plain(item.sender.name)}: {plain(content(item.data))}"
        self._print(text, {**known, "data": item.data, "sent_at": item.sent_at})

    def show_published(self, channel: str, published: Published) -> None:
        """Print the acknowledgement of a publication."""
        position = published.position and str(published.position)
        text = f"published at {position}" if position else "sent, not stored: the channel has no history"
        self._print(text, {"channel": channel, "position": position})

    def show_presence(self, channel: str, presence: Presence) -> None:
        """Print the users on a channel, each on a line."""
        if self._readable:
            self._print(f"{presence.count} on {channel}", {})
        for user in presence.users:
            names = ", ".join(dict.fromkeys(user.names))
            fields = {"user_id": user.user_id, "names": list(user.names)}
            self._print(f"  {plain(names)}  {plain(user.user_id)}", fields)

    def _print(self, text: str, fields: Mapping[str, Any]) -> None:
        print(text if self._readable else compact(fields), file=self._output, flush=True)
