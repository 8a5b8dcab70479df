"""Subscriptions: the order of their publications, and what is missing."""
