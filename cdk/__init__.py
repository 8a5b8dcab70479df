"""The infrastructure: one construct for each capability, composed by `stack.py`. Synthesized by `app.py`."""
