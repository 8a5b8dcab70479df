"""A TLS server that answers every post with 200: `python -m benchmarks.sink CERTIFICATE KEY DELAY`.

It answers after DELAY seconds, prints its port, and ends with its standard input.
"""

import asyncio
import ssl
import sys

from .http import Requests

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Sink(Requests):
    """Answers everything with 200, after a delay in seconds."""

    def __init__(self, delay: float) -> None:
        super().__init__()
        self._delay = delay

    def answer(self, head: bytes, body: bytes) -> None:  # noqa: ARG002 - one answer for all
        """Answer one request."""
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self.transport.write, _ANSWER)
        else:
            self.transport.write(_ANSWER)


async def main(certificate: str, key: str, delay: str) -> None:
    """Serve until standard input ends."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(float(delay)), "127.0.0.1", 0, ssl=tls, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(*sys.argv[1:]))
