"""A TLS proxy before a backend without TLS, to try ``wss://`` on one machine.

    python -m signalbox.load_test.sockets.tls --certificate FILE --key FILE [--port 3443] [--to 3001]

It listens on 127.0.0.1 and forwards every connection to the port `--to` there.
"""

import argparse
import asyncio
import contextlib
import ssl
import sys
from typing import cast

HOST = "127.0.0.1"


class ProxySide(asyncio.Protocol):
    """One side of a pair of connections. It forwards its data to the other side."""

    def __init__(self, other: "ProxySide | None" = None) -> None:
        self.other = other

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)  # a TLS transport is not a subclass

    def data_received(self, data: bytes) -> None:
        """Forward the data."""
        if self.other:
            self.other.transport.write(data)

    def connection_lost(self, _: Exception | None) -> None:
        """Close the other side once it has written everything."""
        if self.other:
            self.other.transport.close()

    def pause_writing(self) -> None:
        """Stop reading on the other side."""
        if self.other:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on the other side again."""
        if self.other:
            self.other.transport.resume_reading()


class ClientSide(ProxySide):
    """The side of the client. It reads nothing before the connection to the backend's `port` is open."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect to the backend."""
        super().connection_made(transport)
        self.transport.pause_reading()
        self._joining = asyncio.create_task(self._join())

    async def _join(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, self.other = await loop.create_connection(lambda: ProxySide(self), HOST, self._port)
        except OSError:
            self.transport.abort()
            return
        self.transport.resume_reading()
        if self.transport.is_closing():
            self.other.transport.close()


async def serve(certificate: str, key: str, port: int, to: int) -> None:
    """Serve until cancelled. Raises OSError when the files or the port cannot be used."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server = await asyncio.get_running_loop().create_server(lambda: ClientSide(to), HOST, port, ssl=tls)
    try:
        sys.stdout.write(f"wss://{HOST}:{server.sockets[0].getsockname()[1]} goes to ws://{HOST}:{to}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
    finally:
        server.close()


def main(arguments: list[str]) -> int:
    """Serve until Ctrl-C and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m signalbox.load_test.sockets.tls", description="A TLS proxy before a backend"
    )
    parser.add_argument("--certificate", required=True, metavar="FILE", help="certificate, PEM")
    parser.add_argument("--key", required=True, metavar="FILE", help="its key, PEM")
    parser.add_argument("--port", type=int, default=3443, help="port to listen on (3443)")
    parser.add_argument("--to", type=int, default=3001, help="port of the backend (3001)")
    options = parser.parse_args(arguments)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(**vars(options)))
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
