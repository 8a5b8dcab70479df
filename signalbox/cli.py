"""The command `signalbox`: finds the part that does a verb, and says in one line what is missing.

This file must parse on any Python, however old: it tells the reader that theirs is too old.
"""

import sys

OLDEST = (3, 11)

VERBS = (
    ("dev", "signalbox.dev.command", "run the application on this machine: engine, table, gateway and page"),
    ("gateway", "signalbox.gateway.command", "put functions, or a template, behind WebSocket APIs"),
    ("client", "signalbox.client.command", "talk to a backend from a terminal or a script"),
    ("token", "signalbox.client.tokens", "make tokens and tickets for development"),
    ("load", "signalbox.load_test.command", "measure a backend: many connections, every delivery checked"),
    ("cost", "signalbox.pricing.month", "say what a month costs"),
)


def main(arguments=None):  # type: (list[str] | None) -> int
    """Run one verb; return the exit status: 2 when the command line makes no sense."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if sys.version_info < OLDEST:
        found = (sys.version_info[0], sys.version_info[1], sys.executable)
        return _fail("signalbox needs Python 3.11 or newer; this is %d.%d: %s" % found, 1)
    modules = dict((verb, module) for verb, module, _ in VERBS)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage())
        return 0 if arguments else 2
    if arguments[0] not in modules:
        return _fail("signalbox: there is no verb %r; signalbox --help lists them" % arguments[0], 2)
    from importlib import import_module

    return int(import_module(modules[arguments[0]]).main(arguments[1:]))


def _usage():  # type: () -> str
    lines = ["  %-8s %s" % (verb, description) for verb, _, description in VERBS]
    return "\n".join(["usage: signalbox VERB ...", ""] + lines + ["", "signalbox VERB --help says more."])


def _fail(words, status):  # type: (str, int) -> int
    sys.stderr.write(words + "\n")
    return status
