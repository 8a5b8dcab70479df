"""The load test, `signalbox load --url ws://…`: many connections, broadcasts, every delivery checked.

It knows the wire protocol (``docs/protocol.md``) and nothing else of the application: the ``broadcast``
action, the ``message`` frame and the error frame.
"""
