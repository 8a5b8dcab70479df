"""The Lambda function behind `$connect`, `$disconnect` and the messages."""

from .application import app

handler = app.websocket()
