"""What pytest loads by itself where Signalbox is installed: the plugin, if the extra `testing` is there.

PYTEST_DONT_REWRITE: there are no assertions here.
"""

from importlib.util import find_spec

pytest_plugins = ["signalbox.testing.plugin"] if find_spec("websockets") else []
