"""The application: what you edit. Routes, messages, settings, and the Lambda entry points."""
