"""The infrastructure of the application. `app.py` synthesizes it."""
