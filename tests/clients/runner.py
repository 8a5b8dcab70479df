"""Scenarios: what a server does, step by step, and what a client has to do and to show. One suite for all.

A scenario is a file `scenarios/<name>.json`:

    {"why": "a sentence", "client": {options}, "steps": [step, …]}

The runner plays the server, on loopback. A *driver* plays the application: it makes one client, obeys
commands and reports what the application sees. A step is done, or has come true, before the next one begins.

Options of the client, each optional
    tokens   what the token callback answers, one after the other, the last for ever (absent: no callback)
    random   what the client's source of randomness always says, from 0 to 1 (0.5)
    queue    how many items may wait for the application, of each subscription (1,000)
    only     the drivers this scenario is for, by name (all)

Time
    The client's clock stands still and moves by `{"do": "advance"}` alone; on the way everything that falls
    due is done, in order. The network is real and takes no time. So never advance past a moment at which the
    client needs an answer, and see, expect or show what a step leads to before time goes on.

What the application does
    {"do": "open"}                             begin to connect
    {"do": "subscribe", "channel": "room:1"}   "since": "@5": from there; "reading": false: take nothing until
    {"do": "read", "channel": "room:1"}
    {"do": "unsubscribe", "channel": "room:1"}
    {"do": "position", "channel": "room:1", "as": "p"}              the position that could be saved now
    {"do": "publish", "channel": "room:1", "data": 1, "as": "p"}    `as` names the result
    {"do": "request", "action": "who", "fields": {}, "as": "p"}
    {"do": "advance", "seconds": 480}
    {"do": "close"}                            done at the end of each scenario, and `closed` seen

What the server does
    {"accept": "a"}                  accept the next handshake and call it a; "token": the one it brings
                                     "query": {"name": "Ann"} has to be in the address
    {"welcome": "a", "beat": 480}    the same (token and query too), then expect `hello` and answer it
    {"refuse": 401}                  answer it with a status; {"refuse": "close"} hangs up
    {"send": {…}}                    a frame; a text is sent as it is
    {"join": ["room:1"], "since": "@5", "at": "@7", "recovered": true, "publications": ["#6", "#7"]}
                                     expect `channel.subscribe` of these channels, each with this `since` or
                                     without one, and answer it for each: `at` is the position; left out,
                                     `recovered` is null, `publications` none and `beat` 480
    {"push": 7}                      a publication on room:1 with offset 7 and data "n7"; "f:7" is of epoch f
    {"close": 1001}, {"cut": true}   end the connection, with or without a word
    {"expect": {…}}                  the next frame from the client has these fields, and perhaps others
    {"closed": true}                 the client ends the connection
    With "on": "a" it is that connection, else the one accepted last.

What the application sees
    {"event": {…}}                   the next event of the client has these fields
    {"shown": {…}, "of": "room:1"}   the next item of a subscription
    {"result": {…}, "as": "p"}       what came of a command with a name

Values in frames
    "$x" is any value when it is first met, and that value from then on. "@5" is the position {"epoch": "e",
    "offset": 5}, and "@f:5" one of epoch f. "#5" and "#f:5" are publications in lists, with data "n5".

Driver
    A driver is what `Drive` makes of a URL and options. `do` is given a command, its shorthands spelled out,
    and returns when the client has been told, of `advance` when that time has gone by. `report` waits for the
    next report: {"event": {…}}, {"shown": {…}, "of": channel} or {"result": {…}, "as": name}. Events:
        {"event": "state", "state": …}     connecting, connected, closed with an `error` or null, or waiting
                                           with the `seconds` until the next attempt
        {"event": "unknown", "type": …}    a frame of a type the client does not know
        {"event": "newer", "v": 2}         a frame of another version
        {"event": "malformed"}             a frame that is none
        {"event": "gateway", "message": …} a frame of API Gateway's own
        {"event": type, …fields}           message, broadcast.report, presence.joined, presence.left,
                                           session.expiring, and error without an `id`
    What is shown:
        {"publication": data, "offset": 5 or null}
        {"gap": "unrecovered" (the server said so), "lost" (history has it no more) or "overflow"}
        {"ended": error}                   the server refused the subscription, or ended it; `invalid` if no
                                           channel can have this name, which `subscribe` has to say at once
    Results are {"ok": the reply}, of `position` {"ok": {"position": …}}, or {"error": error}. An error is
    the code of an error frame; or `timeout`, `lost` (the connection ended first), `too_large` (not sent),
    `unsendable` (not sent: the server could not read it), `closed` (the client is), or
    `refused` (the handshake was).

Strictness
    Frames, events and items come in order, each in that of its connection, client or channel, and at the end
    none may be left over. Before each command and each cut the runner makes sure that the client has read all
    that was sent: it sends a frame of the unknown type `barrier`, and waits for exactly that event.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

from tests.clients.patterns import SENDER, SENT_AT, expand, matches, position
from tests.clients.server import Handshake, Line, ScriptedServer

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.json"))
PATIENCE = 20.0
"""Seconds after which something that should have come is missing."""


class Driver(Protocol):
    """A client in the hands of a scenario."""

    async def do(self, command: dict[str, Any]) -> None:
        """Obey a command."""

    async def report(self) -> dict[str, Any]:
        """Wait for the next thing the application sees."""


Drive = Callable[[str, dict[str, Any]], AbstractAsyncContextManager[Driver]]
"""Makes a driver of the server's URL and the options of the client."""


class ScenarioError(AssertionError):
    """The client did not do what the scenario says."""


async def run(scenario: Path, drive: Drive) -> None:
    """Run a scenario. Raises ScenarioError."""
    told = _read(scenario)
    async with ScriptedServer().running() as server, drive(server.url, told.get("client", {})) as driver:
        await Run(server, driver).play(told["steps"])


def is_for(scenario: Path, name: str) -> bool:
    """Whether a scenario is for the driver called `name`."""
    return name in _read(scenario).get("client", {}).get("only", [name])


def _read(scenario: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(scenario.read_text())
    return told


class Run:
    """One scenario under way."""

    def __init__(self, server: ScriptedServer, driver: Driver) -> None:
        self._server = server
        self._driver = driver
        self._names: dict[str, Any] = {}
        self._lines: dict[str, Line] = {}
        self._last = ""
        self._barriers = 0
        self._seen: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._came = asyncio.Condition()

    async def play(self, steps: list[dict[str, Any]]) -> None:
        """Do all the steps, then close the client and look for what is left over."""
        reporter = asyncio.create_task(self._take_reports())
        try:
            for number, step in enumerate(steps, 1):
                await self._step(step, f"step {number}, {json.dumps(step)}")
            if not any(step == {"do": "close"} for step in steps):
                await self._step({"do": "close"}, "the end")
                await self._step({"event": {"event": "state", "state": "closed"}}, "the end")
            await self._find_nothing_left()
        finally:
            reporter.cancel()
            await asyncio.gather(reporter, return_exceptions=True)

    async def _step(self, step: dict[str, Any], where: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await getattr(self, f"_{next(iter(step))}")(step)
        except TimeoutError:
            seen = {name: items for name, items in self._seen.items() if items}
            raise ScenarioError(f"{where}: nothing came; not looked at: {seen}, {self._unread()}") from None
        except ScenarioError as error:
            raise ScenarioError(f"{where}: {error}") from None

    async def _do(self, step: dict[str, Any]) -> None:
        await self._settle()
        await self._driver.do(expand(step, self._names))

    async def _accept(self, step: dict[str, Any]) -> None:
        handshake = await self._server.handshakes.get()
        offered = ["realtime.v1", f"bearer.{step['token']}"] if "token" in step else []
        if handshake.subprotocols != offered:
            raise ScenarioError(f"the subprotocols are {handshake.subprotocols}")
        if not step.get("query", {}).items() <= handshake.query.items():
            raise ScenarioError(f"the query is {handshake.query}")
        handshake.verdict.set_result("accept")
        self._last = step["accept"]
        self._lines[self._last] = await handshake.line

    async def _welcome(self, step: dict[str, Any]) -> None:
        await self._accept({**step, "accept": step["welcome"]})
        await self._expect({"expect": {"action": "hello", "id": "$_hello"}})
        times = {"connected_at": SENT_AT, "expires_at": SENT_AT // 1_000 + 7_500}
        fields = {"guest": True, "beat": step.get("beat", 480), "id": self._names.pop("$_hello")}
        await self._line(step).send({"v": 1, "type": "welcome", **SENDER, **times, **fields})

    async def _refuse(self, step: dict[str, Any]) -> None:
        handshake: Handshake = await self._server.handshakes.get()
        handshake.verdict.set_result(step["refuse"])

    async def _send(self, step: dict[str, Any]) -> None:
        await self._line(step).send(expand(step["send"], self._names))

    async def _push(self, step: dict[str, Any]) -> None:
        epoch, _, offset = str(step["push"]).rpartition(":")
        frame = {"v": 1, "type": "publication", "channel": "room:1", "data": f"n{offset}"}
        place = position(int(offset), epoch or "e")
        await self._line(step).send({**frame, "position": place, "sender": SENDER, "sent_at": SENT_AT})

    async def _join(self, step: dict[str, Any]) -> None:
        since = {"since": step["since"]} if "since" in step else {}
        wishes = [{"channel": channel, **since} for channel in step["join"]]
        await self._expect({"expect": {"action": "channel.subscribe", "channels": wishes, "id": "$_join"}})
        state = {"position": step["at"], "recovered": step.get("recovered")}
        state |= {"publications": step.get("publications", [])}
        channels = [{"channel": channel, **state} for channel in step["join"]]
        fields = {"channels": channels, "beat": step.get("beat", 480), "id": self._names.pop("$_join")}
        frame = {"v": 1, "type": "channel.subscribed", **fields}
        await self._line(step).send(expand(frame, self._names))

    async def _close(self, step: dict[str, Any]) -> None:
        await self._line(step).socket.close(step["close"])

    async def _cut(self, step: dict[str, Any]) -> None:
        await self._settle()
        self._line(step).socket.transport.abort()

    async def _expect(self, step: dict[str, Any]) -> None:
        frame = await self._line(step).sent.get()
        if not matches(step["expect"], frame, self._names):
            raise ScenarioError(f"the client sent {json.dumps(frame)}")

    async def _closed(self, step: dict[str, Any]) -> None:
        await self._line(step).over.wait()

    async def _event(self, step: dict[str, Any]) -> None:
        await self._see("event", step["event"])

    async def _shown(self, step: dict[str, Any]) -> None:
        await self._see(f"shown {step['of']}", step["shown"])

    async def _result(self, step: dict[str, Any]) -> None:
        await self._see(f"result {step['as']}", step["result"])

    def _line(self, step: dict[str, Any]) -> Line:
        return self._lines[step.get("on", self._last)]

    async def _see(self, stream: str, pattern: dict[str, Any]) -> None:
        async with self._came:
            await self._came.wait_for(lambda: self._seen[stream])
        value = self._seen[stream].pop(0)
        if not matches(pattern, value, self._names):
            raise ScenarioError(f"the application saw {json.dumps(value)}")

    async def _settle(self) -> None:
        for line in self._lines.values():
            if line.unsettled and not line.over.is_set():
                self._barriers += 1
                await line.send({"v": 1, "type": "barrier", "number": self._barriers})
                line.unsettled = False
                await self._meet({"event": "unknown", "type": "barrier"})

    async def _meet(self, event: dict[str, Any]) -> None:
        async with self._came:
            await self._came.wait_for(lambda: event in self._seen["event"])
        self._seen["event"].remove(event)

    async def _take_reports(self) -> None:
        while True:
            report = await self._driver.report()
            kind = next(iter(report))
            stream = " ".join(str(part) for part in (kind, report.get("of"), report.get("as")) if part)
            async with self._came:
                self._seen[stream].append(report[kind])
                self._came.notify_all()

    def _unread(self) -> dict[str, list[dict[str, Any]]]:
        return {name: line.unread() for name, line in self._lines.items()}

    async def _find_nothing_left(self) -> None:
        async with asyncio.timeout(PATIENCE):
            for line in self._lines.values():
                await line.over.wait()
        left = {name: items for name, items in self._seen.items() if items}
        frames = {name: items for name, items in self._unread().items() if items}
        if left or frames or not self._server.handshakes.empty():
            raise ScenarioError(f"nobody asked for {left}, {frames}, {self._server.handshakes}")
