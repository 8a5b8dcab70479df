"""`python -m signalbox` does what the command `signalbox` does."""

import sys

from signalbox.cli import main

sys.exit(main())
