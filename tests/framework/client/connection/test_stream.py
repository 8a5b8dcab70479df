import asyncio
import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.server import ServerConnection, serve

from signalbox.client.connection.frames import Frame
from signalbox.client.connection.stream import FrameStream, open_stream
from signalbox.client.errors import AddressError, ClosedError, LostError, RefusedError, TooLargeError
from tests.framework.client.backend import Backend, port_of


class Stranger(asyncio.Protocol):
    """Something that listens and does not speak WebSocket."""

    def __init__(self, answer: bytes | None) -> None:
        self.left = asyncio.Event()
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._answer is not None:
            self._transport.write(self._answer)
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.left.set()


async def read(stream: FrameStream, count: int) -> list[Frame]:
    """The next frames."""
    frames: list[Frame] = []
    async with asyncio.timeout(10):
        async for frame in stream.frames():
            frames.append(frame)
            if len(frames) == count:
                break
    return frames


async def test_a_request_is_answered_when_its_id_comes_back(backend: Backend) -> None:
    async with open_stream(backend.url) as stream:
        request_id = await stream.request({"action": "ping"})
        assert stream.awaits(request_id)
        assert stream.unanswered == 1

        [frame] = await read(stream, 1)

        assert frame.request_id == request_id
        assert stream.unanswered == 0
        await stream.answered()


async def test_both_are_awaited_when_two_requests_share_an_id(backend: Backend) -> None:
    async with open_stream(backend.url) as stream:
        for _ in range(2):
            await stream.send('{"action":"ping","id":7}', 7)

        await read(stream, 1)
        assert stream.unanswered == 1
        await read(stream, 1)
        assert stream.unanswered == 0


@pytest.mark.parametrize("request_id", [None, {"a": 1}, [1]])
async def test_nothing_is_awaited_when_the_id_is_not_one(backend: Backend, request_id: object) -> None:
    async with open_stream(backend.url) as stream:
        await stream.send('{"action":"ping"}', request_id)

        assert stream.unanswered == 0


async def test_a_frame_stays_here_when_it_is_too_large(backend: Backend) -> None:
    async with open_stream(backend.url) as stream:
        with pytest.raises(TooLargeError):
            await stream.request({"action": "broadcast", "data": "x" * 32_768})

        assert stream.unanswered == 0
        await stream.request({"action": "ping"})
        await read(stream, 1)
    assert [request["action"] for request in backend.requests] == ["ping"]


async def test_pings_keep_the_connection_alive_when_nobody_talks(backend: Backend) -> None:
    async with open_stream(backend.url, keep_alive=0.01) as stream:
        await backend.until(lambda: len(backend.received) >= 3)
        await stream.request({"action": "whoami"})

        [frame] = await read(stream, 1)

        assert frame.fields
        assert frame.fields["type"] == "whoami"
    assert backend.requests[0] == {"action": "ping", "id": "keep-alive"}


async def test_the_close_is_normal_when_the_session_ends(backend: Backend) -> None:
    async with open_stream(backend.url):
        await backend.until(lambda: backend.people)
        [socket] = backend.people
    await backend.until(lambda: not backend.people)

    assert socket.close_code == 1000


@pytest.mark.parametrize("code", [1001, 1003, 1008, 1009, 1011, 4000])
async def test_the_connection_is_lost_when_the_server_closes_it_for_a_reason(
    backend: Backend, code: int
) -> None:
    async with open_stream(backend.url) as stream:
        await backend.until(lambda: backend.people)
        await backend.close(code, "because")

        with pytest.raises(LostError, match=f"{code}.*because"):
            await read(stream, 1)
        with pytest.raises(LostError, match=f"{code}.*because"):
            await stream.request({"action": "ping"})


async def test_the_connection_is_closed_when_the_server_closes_it_normally(backend: Backend) -> None:
    async with open_stream(backend.url) as stream:
        await backend.until(lambda: backend.people)
        await backend.close(1000)

        with pytest.raises(ClosedError, match="1000"):
            await read(stream, 1)


async def test_the_connection_is_lost_when_the_server_vanishes(backend: Backend) -> None:
    async with open_stream(backend.url) as stream:
        await backend.until(lambda: backend.people)
        backend.abort()

        with pytest.raises(LostError, match="1006"):
            await read(stream, 1)


async def test_the_connection_is_lost_when_the_server_sends_what_is_not_utf8(backend: Backend) -> None:
    async with open_stream(backend.url) as stream:
        await backend.until(lambda: backend.people)
        for socket in backend.people:
            await socket.send(b"\xff\xfe", text=True)

        with pytest.raises(LostError, match="1007"):
            await read(stream, 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 502, 503, 504, 301, 200])
async def test_no_connection_comes_about_when_the_backend_refuses(backend: Backend, status: int) -> None:
    backend.refusal = status

    with pytest.raises(RefusedError, match=f"HTTP {status}"):
        async with open_stream(backend.url):
            pass


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "127.0.0.1:3001",
        "",
        "ws://",
        "ws://127.0.0.1:99999/",
        "ws://[::1/",
        "ws://a@b/",
        "ws://h/#x",
    ],
)
async def test_an_address_is_refused_when_it_cannot_be_one_of_a_websocket(url: str) -> None:
    with pytest.raises(AddressError, match="is not a WebSocket address"):
        async with open_stream(url):
            pass


async def test_no_connection_comes_about_when_nobody_listens(backend: Backend) -> None:
    with pytest.raises(RefusedError, match="nothing listens there"):
        async with open_stream("ws://127.0.0.1:1/local"):
            pass


@pytest.mark.parametrize(
    ("answer", "patience", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", 60, "does not speak WebSocket"),
        (b"", 60, "does not speak WebSocket"),
        (None, 0.5, "within 0.5 s"),
    ],
    ids=["another protocol", "hangs up", "silent"],
)
async def test_no_connection_comes_about_when_something_else_listens(
    answer: bytes | None, patience: float, said: str
) -> None:
    stranger = Stranger(answer)
    async with await asyncio.get_running_loop().create_server(lambda: stranger, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(RefusedError, match=said):
            async with open_stream(f"ws://127.0.0.1:{port}/local", open_timeout=patience):
                pass
        async with asyncio.timeout(10):
            await stranger.left.wait()


async def test_no_connection_comes_about_when_the_server_speaks_no_tls(backend: Backend) -> None:
    with pytest.raises(RefusedError, match="ws://"):
        async with open_stream(backend.url.replace("ws://", "wss://")):
            pass


async def test_no_connection_comes_about_when_the_certificate_is_not_trusted(tls: ssl.SSLContext) -> None:
    backend = Backend()
    async with serve(backend.attend, "127.0.0.1", 0, ssl=tls) as server:
        with pytest.raises(RefusedError, match="certificate is not trusted"):
            async with open_stream(f"wss://127.0.0.1:{port_of(server)}/local"):
                pass


async def test_a_proxy_is_passed_by_when_the_backend_is_on_this_machine(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)

    async with open_stream(backend.url):
        await backend.until(lambda: backend.people)


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        certificate
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def test_it_can_be_closed_when_the_server_does_not_read() -> None:
    lines: list[ServerConnection] = []

    async def read_nothing(socket: ServerConnection) -> None:
        lines.append(socket)
        await socket.wait_closed()

    async with (
        serve(read_nothing, "127.0.0.1", 0, compression=None, max_queue=1, ping_interval=None) as server,
        asyncio.timeout(60),
    ):
        async with open_stream(f"ws://127.0.0.1:{port_of(server)}/local") as stream:
            sending = [asyncio.create_task(stream.send("y" * 30_000)) for _ in range(600)]
            await asyncio.wait(sending, timeout=0.5)
            assert not all(task.done() for task in sending)
        await asyncio.gather(*sending, return_exceptions=True)
        lines[0].transport.abort()
