"""The load test, `signalbox load --url ws://…`: many connections, broadcasts, every delivery checked.

Of the application it knows the wire protocol (``docs/protocol.md``) only: the ``broadcast`` action, the
``message`` frame and the error frame.
"""
