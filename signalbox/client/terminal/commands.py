"""The commands of a conversation and the requests they become."""

from collections.abc import Callable, Mapping

from ..errors import CommandError

HELP = """\
text                 send it to everyone
/to USER_ID text     send it to one person
/who [CURSOR]        who is connected
/me                  who you are
/ping                ask whether the backend answers
/raw TEXT            send TEXT as it is, without adding an id
/help                this list
/quit                leave (Ctrl-D and Ctrl-C too)"""


def parse_command(line: str) -> Mapping[str, object] | str:
    """Return the request for a typed line, or a frame to send as it is. Raises CommandError."""
    if not line.startswith("/"):
        return _broadcast(line)
    name, _, rest = line.partition(" ")
    if name not in _COMMANDS:
        raise CommandError(f"no command {name}; /help lists them")
    return _COMMANDS[name](rest.strip())


def _broadcast(text: str) -> Mapping[str, object]:
    return {"action": "broadcast", "data": {"text": text}}


def _who(cursor: str) -> Mapping[str, object]:
    return {"action": "who", "cursor": cursor} if cursor else {"action": "who"}


def _direct(rest: str) -> Mapping[str, object]:
    user_id, _, text = rest.partition(" ")
    if not text:
        raise CommandError("/to wants a user id and a text; /who shows the ids")
    return {"action": "direct.send", "to": user_id, "data": {"text": text.lstrip()}}


_COMMANDS: dict[str, Callable[[str], Mapping[str, object] | str]] = {
    "/who": _who,
    "/me": lambda _: {"action": "whoami"},
    "/to": _direct,
    "/ping": lambda _: {"action": "ping"},
    "/raw": lambda text: text,
}
