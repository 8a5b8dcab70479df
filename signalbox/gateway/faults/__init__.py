"""Faults on demand: a plan of what goes wrong, and the places where it does."""
