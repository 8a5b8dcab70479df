"""The load test, ``python -m load_test --url ws://…``: many connections, broadcasts, every delivery checked.

It knows nothing of the application but its wire protocol (``docs/protocol.md``): the ``broadcast`` action, its
reply, the ``message`` frame and the error frame.
"""
