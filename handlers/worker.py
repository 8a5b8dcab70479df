"""The Lambda function behind the queue: it delivers large broadcasts."""

from signalbox.functions.worker import make_handler

handler = make_handler()
