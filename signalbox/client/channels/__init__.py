"""Subscriptions: the order of their publications, and the recovery of missing ones."""
