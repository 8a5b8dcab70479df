"""The Lambda function behind the queue: it delivers large broadcasts."""

from .application import app

handler = app.worker()
