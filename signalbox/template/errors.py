"""Errors of writing and comparing applications.

TemplateError
"""


class TemplateError(Exception):
    """Nothing was written; the text is one line for a terminal."""
