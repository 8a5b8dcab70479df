"""Client connections, from the handshake to the end."""
