import asyncio
from collections.abc import Callable

import pytest

from signalbox.aws.errors import ConnectError
from signalbox.aws.transport import Transport
from tests.framework.aws.certificates import Certificates
from tests.framework.aws.scripted import Act, answer, echo, request, running

Make = Callable[..., Transport]
SHORT = 0.05


async def test_answer_is_read_over_tls_when_the_certificate_is_trusted(
    certificates: Certificates, transport_to: Make
) -> None:
    async with running(certificates.server) as server:
        transport = transport_to(server, "https", tls=certificates.client)
        server.respond = echo

        bodies = [(await transport.request(request(f"r{n}"))).body for n in range(5)]
        server.play(Act.CLOSE)
        server.play(answer(200, b"again"), Act.CLOSE)
        bodies.append((await transport.request(request("again", bytes(131_072)))).body)

        assert bodies == [b"r0", b"r1", b"r2", b"r3", b"r4", b"again"]
        assert server.accepted == 2
        await transport.close()


async def test_nothing_is_sent_when_the_certificate_is_not_trusted(
    certificates: Certificates, transport_to: Make
) -> None:
    async with running(certificates.server) as server:
        with pytest.raises(ConnectError):
            await transport_to(server, "https").request(request())

        assert server.requests == []


async def test_nothing_is_sent_when_the_certificate_is_for_another_name(certificates: Certificates) -> None:
    async with running(certificates.server) as server:
        with pytest.raises(ConnectError):
            await Transport(f"https://localhost:{server.port}", tls=certificates.client).request(request())

        assert server.requests == []


async def test_request_fails_when_the_handshake_hangs(transport_to: Make, certificates: Certificates) -> None:
    async with running() as server:  # it waits for HTTP, which never comes
        transport = transport_to(server, "https", tls=certificates.client, connect_timeout=SHORT)

        with pytest.raises(ConnectError):
            await transport.request(request())

        await server.until(lambda: server.accepted == 1 and server.open == 0)


async def test_handshakes_are_bounded_when_many_connections_are_needed_at_once(
    transport_to: Make, certificates: Certificates
) -> None:
    async with running() as server:
        options = {"tls": certificates.client, "connect_timeout": SHORT, "response_timeout": SHORT}
        transport = transport_to(server, "https", connections=100, **options)

        failures = await asyncio.gather(
            *(transport.request(request()) for _ in range(100)), return_exceptions=True
        )

        assert all(isinstance(failure, ConnectError) for failure in failures)
        # Sixteen at once, and as many whose end the server has not seen yet.
        assert 0 < server.peak <= 2 * 16
