"""The Lambda function that decides who may connect."""

from signalbox.functions.authorizer import make_handler

handler = make_handler()
