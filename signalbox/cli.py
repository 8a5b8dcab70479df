"""The command `signalbox`: finds the part that does a verb, and says in one line what is missing.

This file must parse on any Python, however old: it tells the reader that theirs is too old.
"""

import sys

OLDEST = (3, 11)

VERBS = (
    ("new", "signalbox.template.new", "", "write an application into an empty folder"),
    ("dev", "signalbox.dev.command", "gateway", "run the application here: engine, table, gateway, page"),
    (
        "gateway",
        "signalbox.gateway.command",
        "gateway",
        "put functions or a template behind WebSocket APIs",
    ),
    ("client", "signalbox.client.command", "client", "talk to a backend from a terminal or a script"),
    ("token", "signalbox.client.tokens", "client", "make tokens and tickets for development"),
    (
        "load",
        "signalbox.load_test.command",
        "load",
        "measure a backend with many connections",
    ),
    ("cost", "signalbox.pricing.month", "", "say what a month costs"),
    ("upgrade", "signalbox.template.upgrade", "", "show what changed since the application was written"),
)
"""Each verb with the module that does it, the extra that brings its packages, and what it does."""


def main(arguments=None):  # type: (list[str] | None) -> int
    """Run one verb; return the exit status: 2 when the command line makes no sense."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if sys.version_info < OLDEST:
        found = (sys.version_info[0], sys.version_info[1], sys.executable)
        return _fail("signalbox needs Python 3.11 or newer; this is %d.%d: %s" % found, 1)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage())
        return 0 if arguments else 2
    if arguments[0] == "--version":
        return _show_version()
    for verb, module, extra, _ in VERBS:
        if verb == arguments[0]:
            return _run(verb, module, extra, arguments[1:])
    return _fail("signalbox: there is no verb %r; signalbox --help lists them" % arguments[0], 2)


def _run(verb, module, extra, arguments):  # type: (str, str, str, list[str]) -> int
    from importlib import import_module

    try:
        return int(import_module(module).main(arguments))
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if not isinstance(error, ModuleNotFoundError) or package in ("", "connection_store", "signalbox"):
            raise
        wanted = "signalbox[%s]" % extra if extra else "signalbox"
        return _fail("signalbox %s needs the package %s: pip install '%s'" % (verb, package, wanted), 1)


def _show_version():  # type: () -> int
    from importlib.metadata import PackageNotFoundError, version

    try:
        print("signalbox " + version("signalbox"))
    except PackageNotFoundError:
        return _fail("signalbox is not installed, only found: pip install -e . in its folder installs it", 1)
    return 0


def _usage():  # type: () -> str
    lines = ["  %-8s %s" % (verb, description) for verb, _, _, description in VERBS]
    end = ["", "signalbox VERB --help says more, signalbox --version which version this is."]
    return "\n".join(["usage: signalbox VERB ...", ""] + lines + end)


def _fail(words, status):  # type: (str, int) -> int
    sys.stderr.write(words + "\n")
    return status
