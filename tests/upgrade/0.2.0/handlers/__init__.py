"""The application: everything that you edit."""
