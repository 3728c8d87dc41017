"""baresip's control connection: messages however they are cut, and what is none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.baresip import (
    LONGEST,
    Answered,
    Decoder,
    Fault,
    Told,
    encode,
    listed,
    registered,
)

RINGING = {
    "event": True,
    "type": "CALL_RINGING",
    "class": "call",
    "accountaor": "sip:gate@127.0.0.1",
    "direction": "outgoing",
    "peeruri": "sip:13800000001@127.0.0.1:25070",
    "id": "a240f9f3c264ad22",
    "param": "sip:13800000001@127.0.0.1:25070",
}
CALLS = (
    "\n--- Active calls (2) ---\n"
    "  [line 1]  0:00:01  ESTABLISHED             sip:13800000001@127.0.0.1:25070\n"
    "> [line 2]  0:00:00   INCOMING             sip:control@127.0.0.1\n\n"
)
OF = "\n--- User Agents (1) ---\n> sip:gate@127.0.0.1                         "


def netstring(body: bytes) -> bytes:
    return b"%d:%s," % (len(body), body)


def wrapped(value: object) -> bytes:
    return netstring(json.dumps(value).encode())


def test_an_event() -> None:
    (told,) = Decoder().feed(wrapped(RINGING))
    peer = "sip:13800000001@127.0.0.1:25070"
    assert told == Told("CALL_RINGING", "a240f9f3c264ad22", outgoing=True, peer=peer, detail=peer)
    assert "138" not in repr(told), "numbers are personal data"


def test_an_answer() -> None:
    data = {"response": True, "ok": True, "data": CALLS, "token": "t1"}
    (told,) = Decoder().feed(wrapped(data))
    assert told == Answered("t1", ok=True, text=CALLS)
    assert "138" not in repr(told)


@pytest.mark.parametrize(
    ("value", "way"),
    [
        ({"event": True, "direction": "incoming"}, False),
        ({"event": True, "direction": "sideways", "type": 7}, None),
    ],
)
def test_an_event_of_which_little_is_known(value: object, way: bool | None) -> None:
    assert Decoder().feed(wrapped(value)) == [Told("", outgoing=way)]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b"{}", b"\xff", b'{"event": 1}', b"[" * 60_000]
)
def test_what_is_no_message_keeps_nothing_from_the_next(body: bytes) -> None:
    found = Decoder().feed(netstring(body) + wrapped(RINGING))
    assert [type(each) for each in found] == [Fault, Told]
    assert isinstance(found[0], Fault)
    assert not found[0].fatal


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.0 200 OK",
        b"x",
        b":,",
        b"99999999",
        b"%d:" % (LONGEST + 1),
        b"2:{}x",
        b"-1:,",
    ],
)
def test_what_is_no_netstring_ends_it(data: bytes) -> None:
    decoder = Decoder()
    (fault,) = decoder.feed(data)
    assert isinstance(fault, Fault)
    assert fault.fatal
    assert decoder.feed(wrapped(RINGING)) == []


def test_what_is_not_whole_waits() -> None:
    decoder = Decoder()
    data = wrapped(RINGING)
    assert decoder.feed(data[:1]) == decoder.feed(data[1:-1]) == decoder.feed(b"") == []
    assert len(decoder.feed(data[-1:])) == 1


@given(
    bodies=st.lists(st.dictionaries(st.sampled_from(list(RINGING)), st.text()), max_size=6),
    cuts=st.lists(st.integers(0, 400), max_size=20),
    tail=st.binary(max_size=40),
)
def test_the_cuts_do_not_matter(bodies: list[object], cuts: list[int], tail: bytes) -> None:
    data = b"".join(map(wrapped, bodies)) + tail
    whole, cut = Decoder(), Decoder()
    found, begin = [], 0
    for end in [*sorted(cuts), len(data)]:
        found += cut.feed(data[begin:end])
        begin = max(begin, end)
    assert found == whole.feed(data)


@given(st.binary(max_size=200))
def test_noise_raises_nothing(data: bytes) -> None:
    for message in Decoder().feed(data):
        assert isinstance(message, Fault)


@given(st.text(), st.text(), st.text())
def test_a_command_is_a_netstring_of_json(command: str, params: str, token: str) -> None:
    size, _, rest = encode(command, params, token).partition(b":")
    assert rest[-1:] == b","
    assert len(rest) == int(size) + 1
    told = json.loads(rest[:-1])
    assert told == {
        name: text
        for name, text in {"command": command, "params": params, "token": token}.items()
        if text
    }


def test_the_calls_in_a_list() -> None:
    found = [(each.number, each.state, each.peer) for each in listed(CALLS)]
    assert found == [
        (1, "ESTABLISHED", "sip:13800000001@127.0.0.1:25070"),
        (2, "INCOMING", "sip:control@127.0.0.1"),
    ]
    assert listed("\n--- Active calls (0) ---\n\n") == []


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (OF + "\n", None),
        (OF + "\x1b[33mzzz\x1b[;m  Expires 0s\n", False),
        (OF + "\x1b[31mERR\x1b[;m  Expires 0s\n", False),
        (OF + "\x1b[32mOK \x1b[;m  Expires 60s\n", True),
        ("", None),
    ],
)
def test_whether_the_registrar_takes_us(text: str, known: bool | None) -> None:
    assert registered(text) is known
