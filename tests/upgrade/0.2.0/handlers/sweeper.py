"""The Lambda function behind the clock: it ends connections that fell silent."""

from .application import app

handler = app.sweeper()
