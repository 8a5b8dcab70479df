"""Subscribing, publishing, history and recovery."""
