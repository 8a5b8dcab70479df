"""Signed HTTP/1.1 to AWS: credentials, signatures, a connection pool. It knows no table and no frame."""
