"""Keep an application of this release: `python -m tests.upgrade.keep` writes it into tests/upgrade/VERSION.

Run it once, when the release is made: tests/install/test_upgrade.py runs its tests with every later framework.
"""

import shutil
from pathlib import Path

from signalbox.template.contents import version
from signalbox.template.new import write


def main() -> None:
    """Write it anew, without the framework."""
    folder = Path(__file__).parent / version()
    shutil.rmtree(folder, ignore_errors=True)
    write(folder, "demo")


if __name__ == "__main__":
    main()
