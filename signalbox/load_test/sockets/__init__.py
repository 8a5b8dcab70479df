"""Many WebSocket connections in one process."""
