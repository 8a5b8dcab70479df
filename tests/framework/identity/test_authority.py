"""The authorizer lets people in under an identity, and says so in its answer.

Covers signalbox.identity.claims, signalbox.identity.decision, signalbox.identity.errors.
Covers signalbox.identity.credentials, signalbox.identity.origins, signalbox.identity.tickets.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from signalbox.identity.claims import MAX_USER_ID_LENGTH, ClaimNames
from signalbox.identity.decision import decide
from signalbox.identity.errors import KeysUnavailableError, RefusalError
from signalbox.identity.keys import KeyCache
from signalbox.identity.principal import Principal
from signalbox.protocol import USER_ID_LENGTH
from tests.framework.identity.handshakes import (
    ARN,
    NOW,
    SECONDS,
    Algorithm,
    Handshakes,
    lines,
    listening,
    question,
    sign,
)


def through_api_gateway(answer: dict[str, Any]) -> dict[str, Any]:
    """What events say of a caller: API Gateway passes texts on and nothing else (W45)."""
    context = json.loads(json.dumps(answer["context"]))
    assert all(isinstance(value, str) for value in context.values())
    return {**context, "principalId": answer["principalId"], "integrationLatency": 3}


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256"])
def test_policy_is_for_this_connect_alone_when_the_token_is_valid(algorithm: Algorithm) -> None:
    answer = Handshakes(algorithm).ask({"token": sign(algorithm)})

    assert answer == {
        "principalId": "ann",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": ARN}],
        },
        "context": {"expires_at": str(SECONDS + 630)},
    }


@pytest.mark.parametrize(
    "place",
    [
        lambda token: ({"token": token}, {}),
        lambda token: ({}, {"Authorization": f"Bearer {token}"}),
        lambda token: ({}, {"aUTHORIZATION": f"bearer  {token}"}),
        lambda token: ({}, {"Sec-WebSocket-Protocol": f"realtime.v1, bearer.{token}"}),
        lambda token: ({}, {"sec-websocket-protocol": ["realtime.v1", f"bearer.{token}"]}),
        lambda token: ({"token": token}, {"authorization": f"Bearer {token}"}),
    ],
    ids=["query", "header", "header, other case", "subprotocol", "two subprotocol lines", "the same twice"],
)
def test_token_is_found_when_it_is_in(place: Callable[[str], tuple[Any, Any]]) -> None:
    assert Handshakes().outcome(*place(sign())) == "200 ok"


@pytest.mark.parametrize(
    ("query", "headers", "outcome"),
    [
        ({}, {}, "no_credentials"),
        ({}, {"Cookie": "token=" + sign()}, "no_credentials"),
        ({"token": sign(), "ticket": sign()}, {}, "conflicting_credentials"),
        ({"token": sign()}, {"Authorization": "Bearer " + sign(sub="bob")}, "conflicting_credentials"),
        ({"token": [sign(), sign()]}, {}, "conflicting_credentials"),
        ({}, {"Authorization": ["Bearer " + sign()] * 2}, "conflicting_credentials"),
        ({}, {"Authorization": "Bearer " + sign(), "authorization": "Bearer x"}, "conflicting_credentials"),
        ({}, {"Sec-WebSocket-Protocol": f"bearer.{sign()}, bearer.{sign()}"}, "conflicting_credentials"),
        ({}, {"Authorization": "Basic YW5uOmFubg=="}, "malformed_credentials"),
        ({}, {"Authorization": sign()}, "malformed_credentials"),
        ({"token": ""}, {}, "malformed_credentials"),
        ({"ticket": "undefined"}, {}, "malformed_credentials"),
        ({"token": "a.b.c"}, {}, "malformed_credentials"),
        ({"token": "\ud800.b.c"}, {}, "malformed_credentials"),
        ({"token": "a." * 5_000 + "c"}, {}, "too_large"),
    ],
)
def test_handshake_is_answered_401_when_credentials_are_missing_twice_or_odd(
    query: Any, headers: Any, outcome: str
) -> None:
    assert Handshakes().outcome(query, headers) == f"401 {outcome}"


def test_nobody_is_taken_for_a_guest_when_they_bring_a_bad_token() -> None:
    handshakes = Handshakes(guests=True)

    assert handshakes.outcome({"token": ""}) == "401 malformed_credentials"
    assert handshakes.outcome({"token": sign(exp=SECONDS - 60)}) == "401 expired"


def test_guest_gets_an_id_of_the_server_when_guests_are_welcome() -> None:
    answers = [Handshakes(guests=True).ask() for _ in range(2)]

    ids = {answer["principalId"] for answer in answers}
    assert len(ids) == 2
    assert all(user_id.startswith("guest-") for user_id in ids)
    assert [answer["context"] for answer in answers] == [{"guest": "true"}] * 2


def test_nothing_is_accepted_when_the_settings_name_no_issuer_and_no_secret() -> None:
    handshakes = Handshakes(guests=True)
    handshakes.authority._tokens = handshakes.authority._tickets = None

    assert handshakes.outcome({"token": sign()}) == "401 not_accepted"
    assert handshakes.outcome({"ticket": sign()}) == "401 not_accepted"


def test_caller_is_the_same_when_it_has_passed_through_api_gateway() -> None:
    names = ClaimNames("cognito:groups", "org", frozenset({"email", "level", "flags"}))
    claims = {"email": "ann@example.com", "level": 7, "flags": [True, None], "phone": "555"}
    groups = ["admin", "with space", 'quote"d', "Grüße"]
    said: dict[str, Any] = {"cognito:groups": groups, "org": "acme", **claims}

    answer = Handshakes(names=names).ask({"token": sign(**said)})

    assert Principal.from_context(through_api_gateway(answer)) == Principal(
        "ann",
        {"email": "ann@example.com", "level": 7, "flags": [True, None]},
        roles=frozenset(groups),
        tenant="acme",
        session_ends=NOW + 630_000,
    )


def test_roles_are_read_as_oauth_writes_scopes_when_they_are_one_text() -> None:
    answer = Handshakes(names=ClaimNames(roles="scope")).ask({"token": sign(scope="read write")})

    assert Principal.from_context(through_api_gateway(answer)).roles == {"read", "write"}


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": ""},
        {"sub": "x" * 129},
        {"sub": "a\nb"},
        {"sub": "guest-1"},
        {"roles": "admin", "tenant": "a/b"},
        {"tenant": 7},
        {"tenant": "x" * 65},
        {"roles": {"admin": True}},
        {"roles": [["admin"]]},
        {"nbf": "soon"},
        {"exp": True},
        {"exp": 1e300},
        {"exp": -1},
        {"exp": float("nan")},
    ],
    ids=str,
)
def test_token_is_refused_when_a_claim_makes_no_sense(claims: Any) -> None:
    assert Handshakes().outcome({"token": sign(**claims)}) == "401 wrong_claim"


def test_longest_user_id_is_the_protocols() -> None:
    assert MAX_USER_ID_LENGTH == USER_ID_LENGTH


@pytest.mark.parametrize(
    ("claims", "outcome"),
    [
        ({"exp": SECONDS - 29}, "200 ok"),
        ({"exp": SECONDS - 30}, "401 expired"),
        ({"nbf": SECONDS + 30}, "200 ok"),
        ({"nbf": SECONDS + 31}, "401 not_yet_valid"),
    ],
)
def test_leeway_is_kept_when_clocks_differ(claims: Any, outcome: str) -> None:
    assert Handshakes().outcome({"token": sign(**claims)}) == outcome


def test_token_is_refused_when_what_it_says_does_not_fit_in_an_answer() -> None:
    handshakes = Handshakes(names=ClaimNames(passed=frozenset({"essay"})))

    assert handshakes.outcome({"token": sign(essay="é" * 1_600)}) == "401 too_large"


def no_keys() -> Any:
    raise KeysUnavailableError("TimeoutError")


def test_handshake_is_answered_500_when_there_are_no_keys() -> None:
    assert Handshakes(key_cache=KeyCache(no_keys)).outcome({"token": sign()}) == "500 KeysUnavailableError"


@pytest.mark.parametrize("event", [{}, {"requestContext": {}}, question() | {"requestContext": 1}])
def test_nothing_of_it_gets_out_when_the_authorizer_fails(event: Any) -> None:
    with listening() as log, pytest.raises(RefusalError, match=r"^Internal$") as refused:
        decide(Handshakes().authority, event)

    assert refused.value.__suppress_context__
    assert lines(log)[0]["message"] == "unexpected failure"


def test_line_holds_only_the_listed_fields_when_a_handshake_is_logged() -> None:
    with listening() as log:
        Handshakes().ask({"token": sign()})

    (line,) = lines(log)
    fixed = {"level", "location", "message", "timestamp", "service", "correlation_id"}
    assert set(line) == fixed | {"connection_id", "source_ip", "origin", "user_id", "outcome"}
