"""What the commands for channels print: words on a terminal, JSON objects in a pipe."""

from collections.abc import Mapping
from typing import Any, TextIO

from ..connection.frames import compact
from ..values import Gap, Item, Presence, Published
from .transcript import clock, content, plain

_GAPS = {
    "unrecovered": "something was missed: the server could not say what was published meanwhile",
    "lost": "something was missed: it is no longer kept",
    "overflow": "something was left out: it came faster than it was read",
}


class Printer:
    """Lines for a person when ``readable``, else for a program."""

    def __init__(self, output: TextIO, *, readable: bool) -> None:
        self._output = output
        self._readable = readable

    def show_item(self, item: Item) -> None:
        """A publication, or a gap."""
        position = item.position and str(item.position)
        if isinstance(item, Gap):
            fields = {"channel": item.channel, "gap": item.reason, "position": position}
            self._print(f"-- {_GAPS[item.reason]}", fields)
            return
        sender = {"user_id": item.sender.user_id, "name": item.sender.name}
        known = {"channel": item.channel, "position": position, "sender": sender}
        words = f"{clock(item.sent_at)} {plain(item.sender.name)}: {plain(content(item.data))}"
        self._print(words, {**known, "data": item.data, "sent_at": item.sent_at})

    def show_published(self, channel: str, published: Published) -> None:
        """That a publication was acknowledged."""
        position = published.position and str(published.position)
        words = f"published at {position}" if position else "sent on to whoever is there"
        self._print(words, {"channel": channel, "position": position})

    def show_presence(self, channel: str, presence: Presence) -> None:
        """Who is there, each on a line."""
        if self._readable:
            self._print(f"{presence.count} on {channel}", {})
        for user in presence.users:
            names = ", ".join(dict.fromkeys(user.names))
            fields = {"user_id": user.user_id, "names": list(user.names)}
            self._print(f"  {plain(names)}  {plain(user.user_id)}", fields)

    def _print(self, words: str, fields: Mapping[str, Any]) -> None:
        print(words if self._readable else compact(fields), file=self._output, flush=True)
