"""The local run: the whole product on this machine, with nothing installed but Python.

This file must parse on any Python, however old: it is what tells the reader that theirs is too old.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Signalbox needs Python 3.11 or newer; this is %d.%d: %s" % (sys.version_info[:2] + (sys.executable,))
    )
