"""What can go wrong when an application is written or compared.

TemplateError
"""


class TemplateError(Exception):
    """Nothing was written; the text is one line for a terminal."""
