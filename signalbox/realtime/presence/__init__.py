"""Presence: joins, leaves and the list of users on a channel."""
