"""Tell the support team something from another process: `python -m handlers.announce "Back at nine"`."""

import sys

from .application import app

if __name__ == "__main__":
    app.blocking_publisher().publish("queue:support", {"notice": sys.argv[1]})
