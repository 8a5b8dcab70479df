"""Covers signalbox.aws.errors."""

import asyncio
import gc
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from signalbox.aws.errors import ConnectError, ProxyError, ResponseTimeoutError, TransportError
from signalbox.aws.transport import DOUBTED_AFTER, SHORT_ATTEMPT, Transport
from tests.framework.aws.certificates import Certificates
from tests.framework.aws.scripted import OK, PATIENCE, Act, Server, echo, request, running

Make = Callable[..., Transport]
SHORT = 0.05


@pytest.fixture
def deaf() -> Iterator[socket.socket]:
    """A port where nobody listens, yet."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken


async def test_one_connection_serves_many_requests_when_they_come_in_turn(
    server: Server, transport_to: Make
) -> None:
    server.respond = echo
    transport = transport_to(server)

    bodies = [(await transport.request(request(f"r{n}"))).body for n in range(20)]

    assert bodies == [b"r%d" % n for n in range(20)]
    assert server.accepted == 1


async def test_connections_stay_bounded_when_many_ask_at_once(server: Server, transport_to: Make) -> None:
    server.respond = echo
    transport = transport_to(server, connections=3)

    responses = await asyncio.gather(*(transport.request(request(f"r{n}")) for n in range(100)))

    assert [response.body for response in responses] == [b"r%d" % n for n in range(100)]
    assert server.accepted == 3


async def test_request_arrives_whole_when_it_is_large(server: Server, transport_to: Make) -> None:
    sent = request(body=bytes(131_072))

    await transport_to(server).request(sent)

    assert server.requests == [sent]


async def test_every_request_is_answered_when_all_kept_connections_died_in_a_freeze(
    server: Server, transport_to: Make
) -> None:
    transport = transport_to(server, connections=8)
    await asyncio.gather(*(transport.request(request()) for _ in range(8)))
    dead = server.accepted
    for _ in range(dead):
        server.play(Act.RESET)
    server.respond = echo

    responses = await asyncio.gather(*(transport.request(request(f"r{n}")) for n in range(100)))

    assert [response.body for response in responses] == [b"r%d" % n for n in range(100)]


async def test_ended_connection_is_noticed_when_it_was_idle(server: Server, transport_to: Make) -> None:
    transport = transport_to(server, connections=1)
    for _ in range(5):
        await transport.request(request())
        server.hang_up()
        await server.until(lambda: server.open == 0)

    assert len(server.requests) == server.accepted == 5


async def test_kept_connection_is_not_trusted_when_it_was_idle_for_long(
    server: Server, transport_to: Make
) -> None:
    seconds = iter([0.0, 59.0, 59.0, 120.0, 120.0])
    transport = transport_to(server, connections=1, clock=lambda: next(seconds))

    for accepted in (1, 1, 2):
        await transport.request(request())
        assert server.accepted == accepted


async def test_request_fails_until_somebody_listens_when_nobody_does(
    deaf: socket.socket, transport_to: Make
) -> None:
    server = Server()
    server.port = deaf.getsockname()[1]
    transport = transport_to(server, connections=1)

    for _ in range(3):
        with pytest.raises(ConnectError):
            await transport.request(request())
    async with await asyncio.start_server(server.serve, sock=deaf):
        assert (await transport.request(request())).status == 200
        await transport.close()
        await server.stop()


async def test_request_fails_when_no_connection_is_free_in_time(server: Server, transport_to: Make) -> None:
    transport = transport_to(server, connections=1, connect_timeout=SHORT, response_timeout=SHORT)
    server.respond = lambda request: [Act.HANG]

    *others, last = await asyncio.gather(
        *(transport.request(request()) for _ in range(3)), return_exceptions=True
    )

    # On a busy machine it may be the connection itself that takes longer than SHORT.
    assert all(isinstance(each, ConnectError | ResponseTimeoutError) for each in others)
    assert isinstance(last, ConnectError)


async def test_place_is_free_again_when_a_request_is_cancelled(server: Server, transport_to: Make) -> None:
    transport = transport_to(server, connections=1)
    server.play(Act.HANG)
    cancelled = asyncio.create_task(transport.request(request()))
    await server.until(lambda: len(server.requests) == 1)
    cancelled.cancel()

    assert (await transport.request(request())).status == 200
    await server.until(lambda: server.open == 1)
    assert server.accepted == 2


async def test_others_are_served_when_one_stops_waiting_for_a_connection(
    server: Server, transport_to: Make
) -> None:
    transport = transport_to(server, connections=1)
    tasks = [asyncio.create_task(transport.request(request(f"r{n}"))) for n in range(10)]
    await server.until(lambda: len(server.requests) == 1)
    for impatient in tasks[1:-1]:
        impatient.cancel()

    assert (await tasks[-1]).status == 200
    assert (await tasks[0]).status == 200


async def test_everything_is_ended_when_the_transport_is_closed(server: Server, transport_to: Make) -> None:
    transport = transport_to(server, connections=3)
    server.respond = lambda request: [OK] if b"/ok" in request else [Act.HANG]
    await transport.request(request("ok"))
    tasks = [asyncio.create_task(transport.request(request())) for _ in range(4)]
    await server.until(lambda: len(server.requests) == 4)

    await transport.close()

    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, TransportError) for result in results)
    await server.until(lambda: server.open == 0)
    assert len(server.requests) == 4
    assert (await transport.request(request("ok"))).status == 200


async def test_connections_are_made_anew_when_the_loop_is_another(server: Server, transport_to: Make) -> None:
    transport = transport_to(server)

    async def use() -> int:
        status = (await transport.request(request())).status
        await transport.close()
        return status

    assert (await transport.request(request())).status == 200
    assert await asyncio.to_thread(asyncio.run, use()) == 200
    await server.until(lambda: server.open == 1)
    assert (await transport.request(request())).status == 200
    assert server.accepted == 2


async def test_nothing_is_left_open_when_the_loop_ends_right_after_the_close(
    certificates: Certificates, transport_to: Make
) -> None:
    new_loop = type(asyncio.get_running_loop())

    def use(transport: Transport) -> None:
        loop = new_loop()
        loop.run_until_complete(transport.request(request()))
        loop.run_until_complete(transport.close())
        loop.close()

    async with running(certificates.server) as server:
        await asyncio.to_thread(use, transport_to(server, "https", tls=certificates.client))
        gc.collect()  # an open socket would say so, and fail the test
        await server.until(lambda: server.open == 0)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_transport_still_works_when_its_loop_was_closed_under_it(
    server: Server, transport_to: Make
) -> None:
    transport = transport_to(server)
    await asyncio.to_thread(asyncio.run, transport.request(request()))

    assert (await transport.request(request())).status == 200
    gc.collect()
    await server.until(lambda: server.open == 1)


async def test_no_task_is_left_when_requests_are_done(server: Server, transport_to: Make) -> None:
    server.respond = lambda request: [Act.CLOSE] if b"bad" in request else [OK]
    ours = asyncio.all_tasks()
    transport = transport_to(server, connections=4)

    await asyncio.gather(
        *(transport.request(request("bad" if n % 3 else "good")) for n in range(30)), return_exceptions=True
    )

    left = asyncio.all_tasks() - ours
    assert [task for task in left if "Server.serve" not in repr(task.get_coro())] == []


@pytest.mark.parametrize("url", ["", "127.0.0.1", "wss://example.test/prod", "https://", "http://x:port"])
def test_transport_is_refused_when_the_url_is_no_host(url: str) -> None:
    with pytest.raises(ValueError, match=r"host|[Pp]ort"):
        Transport(url)


class Time:
    """A wall clock that is set. It goes on while a sandbox is frozen; a loop's clock need not."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_repeatable_request_costs_a_short_attempt_when_its_connection_was_dropped_in_a_freeze(
    server: Server, transport_to: Make
) -> None:
    clock = Time()
    transport = transport_to(server, clock=clock, response_timeout=PATIENCE)
    await transport.request(request("first"))
    clock.now += DOUBTED_AFTER
    server.play(Act.HANG)

    assert (await transport.request(request("second"), repeatable=True)).status == 200
    assert [each.split(b" ")[1] for each in server.requests] == [b"/first", b"/second", b"/second"]
    assert server.accepted == 2


async def test_request_is_sent_once_over_a_new_connection_when_the_kept_one_is_doubtful(
    server: Server, transport_to: Make
) -> None:
    clock = Time()
    transport = transport_to(server, clock=clock)
    await transport.request(request("first"))
    clock.now += DOUBTED_AFTER

    await transport.request(request("second"))

    assert len(server.requests) == server.accepted == 2
    await server.until(lambda: server.open == 1)


async def test_kept_connection_has_all_its_time_when_it_was_idle_for_a_moment(
    server: Server, transport_to: Make
) -> None:
    clock = Time()
    transport = transport_to(server, clock=clock, connect_timeout=SHORT, response_timeout=SHORT_ATTEMPT * 3)
    await transport.request(request())
    clock.now += DOUBTED_AFTER - 0.1
    server.play(Act.HANG)

    with pytest.raises(ResponseTimeoutError):
        await transport.request(request(), repeatable=True)
    assert len(server.requests) == 2


async def test_each_loop_has_its_connections_when_several_run_at_once(
    server: Server, transport_to: Make
) -> None:
    server.respond = echo
    transport = transport_to(server)

    async def use(name: str) -> list[bytes]:
        bodies = [(await transport.request(request(f"{name}{n}"))).body for n in range(20)]
        await transport.close()
        return bodies

    threads = [asyncio.to_thread(asyncio.run, use(f"t{thread}-")) for thread in range(4)]
    here, *others = await asyncio.gather(use("here-"), *threads)

    assert here == [b"here-%d" % n for n in range(20)]
    assert others == [[b"t%d-%d" % (thread, n) for n in range(20)] for thread in range(4)]
    assert server.accepted == 5


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY"])
async def test_nothing_is_sent_when_a_proxy_covers_the_host(
    server: Server, transport_to: Make, variable: str
) -> None:
    environ = {variable: "http://canary.invalid:3128"}

    with pytest.raises(ProxyError, match=rf"{variable}.*NO_PROXY"):
        await transport_to(server, environ=environ).request(request())
    assert server.requests == []

    environ["NO_PROXY"] = "127.0.0.1"
    assert (await transport_to(server, environ=environ).request(request())).status == 200


def test_child_of_a_fork_makes_its_own_connections() -> None:
    # A process of its own: pytest's has threads, and a fork with threads is a warning.
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKING],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (ran.stdout, ran.returncode) == ("parent child parent 2\n", 0), ran.stderr


FORKING = """
import asyncio, os, sys
from signalbox.aws.transport import Transport
from tests.framework.aws.scripted import echo, request, Server

server = Server()
server.respond = echo

def ask(runner, transport, name):
    return runner.run(transport.request(request(name))).body.decode()

def in_child(transport, write):
    with asyncio.Runner() as runner:
        os.write(write, ask(runner, transport, "child").encode())
        runner.run(transport.close())

async def listen():
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    return listener.sockets[0].getsockname()[1]

served, serving = os.pipe()
server_process = os.fork()
if server_process == 0:
    with asyncio.Runner() as runner:
        port = runner.run(listen())
        os.write(serving, port.to_bytes(4, "big"))
        runner.run(server.until(lambda: len(server.requests) == 3))
        runner.run(asyncio.sleep(0.1))
        os._exit(server.accepted)
transport = Transport(f"http://127.0.0.1:{int.from_bytes(os.read(served, 4), 'big')}")
read, write = os.pipe()
with asyncio.Runner() as runner:
    said = [ask(runner, transport, "parent")]
    if (child := os.fork()) == 0:
        in_child(transport, write)
        os._exit(0)
    os.waitpid(child, 0)
    said += [os.read(read, 100).decode(), ask(runner, transport, "parent")]
    runner.run(transport.close())
_, status = os.waitpid(server_process, 0)
print(*said, os.waitstatus_to_exitcode(status))
"""
