"""One port for everything: WebSocket handshakes, `@connections` and the page."""
