"""A certificate authority for one test run."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from benchmarks.certificate import make_certificate


@dataclass(frozen=True)
class Certificates:
    """TLS for a server at 127.0.0.1, and for clients that trust who signed for it."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    authority: Path


def make_certificates(folder: Path) -> Certificates:
    """Sign a certificate for 127.0.0.1 by itself."""
    certificate, key = make_certificate(folder)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return Certificates(server, ssl.create_default_context(cafile=str(certificate)), certificate)
