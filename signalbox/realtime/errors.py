"""The framework's own refusals, as a client sees them.

RealtimeError (resolver)      code                      status
├── ConnectionLostError       connection_gone           410
├── HistoryLostError          history_gone              410
├── UnknownChannelError       unknown_channel           404
└── TooManyError              too_many_subscriptions    409
"""

from signalbox.resolver import RealtimeError


class ConnectionLostError(RealtimeError):
    """The server no longer knows this connection: connect again."""

    code = "connection_gone"
    status = 410
    retry = False


class HistoryLostError(RealtimeError):
    """The history that a position belongs to is no more: begin with the channel's present position."""

    code = "history_gone"
    status = 410


class UnknownChannelError(RealtimeError):
    """There are no channels of this kind."""

    code = "unknown_channel"
    status = 404


class TooManyError(RealtimeError):
    """The connection would have more subscriptions than it may, and got none of those it asked for."""

    code = "too_many_subscriptions"
    status = 409
