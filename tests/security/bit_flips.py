"""Tokens that are nearly right."""

from collections.abc import Iterator


def flipped(token: str) -> Iterator[str]:
    """The token with each of its characters changed into its neighbour, one at a time."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for place, character in enumerate(token):
        other = alphabet[alphabet.find(character) ^ 1] if character != "." else "A"
        yield token[:place] + other + token[place + 1 :]
