"""Authentication: the authorizer's decision on a handshake, and the caller that handlers see."""
