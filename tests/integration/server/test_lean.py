"""Plain posts take the short way; whatever is not plain gets the same answers by the long one."""

import asyncio
import json

import pytest

from tests.integration.server.clients import PATIENCE

BODY = json.dumps({"product": 1, "alert_type": "TREND", "priority": 2, "title": "추세", "message": "m"}).encode()
PATH = b"/api/spc/alerts/"


def post(body=BODY, path=PATH, *headers, length=None, kind=b"application/json"):
    lines = [
        b"POST %b HTTP/1.1" % path, b"Host: x", b"Content-Type: " + kind, b"Content-Length: %d" % (length or len(body)),
        *headers,
    ]  # fmt: skip
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def answer(reader):
    """Read one answer: status, names of headers, body."""
    async with asyncio.timeout(PATIENCE):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status, *fields = head.strip().split("\r\n")
        named = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        return int(status.split()[1]), named, json.loads(await reader.readexactly(int(named["content-length"])))


class Line:
    """One connection, and whether aiohttp has it (it names itself in its answers)."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def ask(self, *parts, pause=0.0):
        for part in parts:
            self.writer.write(part)
            await asyncio.sleep(pause)
        status, headers, body = await answer(self.reader)
        return status, "server" in headers, body


@pytest.fixture
async def line(station):
    reader, writer = await asyncio.open_connection("127.0.0.1", station.port)
    yield Line(reader, writer)
    writer.close()


async def test_that_plain_posts_are_answered_one_after_the_other_on_one_connection(line):
    for number in (1, 2):
        status, long_way, body = await line.ask(post())
        assert (status, long_way, body["id"]) == (201, False, number)
    status, long_way, body = await line.ask(post(b"[1"))
    assert (status, long_way, body["code"]) == (400, False, "bad_json")
    status, long_way, body = await line.ask(post(b"{}", b"/api/spc/nowhere/"))
    assert (status, long_way, body["code"]) == (404, False, "no_route")
    assert (await line.ask(post()))[2]["id"] == 3


async def test_that_pipelined_posts_are_answered_in_their_order(line):
    line.writer.write(b"".join(post(json.dumps({**json.loads(BODY), "title": f"T{i}"}).encode()) for i in range(20)))
    titles = [(await answer(line.reader))[2]["title"] for _ in range(20)]
    assert titles == [f"T{i}" for i in range(20)]


async def test_that_a_post_in_pieces_is_the_same_post(line):
    whole = post()
    for step in (1, 7, 60):
        pieces = [whole[at : at + step] for at in range(0, len(whole), step)]
        status, _, body = await line.ask(*pieces)
        assert (status, body["title"]) == (201, "추세")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (post(BODY, PATH, b"Expect: 100-continue"), 100),
        (post(BODY, PATH, b"Connection: close"), 201),
        (post(BODY, PATH + b"?x=1"), 201),
        (post(BODY, PATH, b"X: 1", b"X: 2"), 201),
        (post(b"{}", kind=b"text/plain"), 415),
        (post(b"x" * 10, length=100_000_000), 413),
        (b"POST /api/spc/alerts/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
         b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY), 201),
        (post(BODY, PATH, b"Content-Length: 3"), 400),
        (post(BODY, PATH, b"Transfer-Encoding: chunked"), 400),
        (post(BODY, PATH, b"Bad Name: x"), 400),
        (post(BODY, PATH, b" folded: x"), 400),
        (post(BODY, PATH, b"A: \x00"), 400),
        (post(BODY, PATH, b"A: " + b"x" * 20_000), 400),
    ],
)  # fmt: skip
async def test_that_what_is_not_plain_is_left_to_the_long_way_whole(line, request_, status):
    assert (await line.ask(post()))[:2] == (201, False)
    line.writer.write(request_)
    async with asyncio.timeout(PATIENCE):
        assert (await line.reader.readuntil(b"\r\n")).split()[1] == str(status).encode()


async def test_that_a_slow_body_is_waited_for_by_the_long_way(line, monkeypatch):
    monkeypatch.setattr("spc_desktop.server.lean.PATIENCE", 0.05)
    whole = post()
    status, long_way, body = await line.ask(whole[:-5], whole[-5:], pause=0.3)
    assert (status, long_way, body["id"]) == (201, True, 1)


async def test_that_an_idle_connection_is_closed(station, monkeypatch):
    monkeypatch.setattr("spc_desktop.server.lean.PATIENCE", 0.02)
    monkeypatch.setattr("spc_desktop.server.lean.IDLE_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", station.port)
    writer.write(post())
    assert (await answer(reader))[0] == 201
    async with asyncio.timeout(PATIENCE):
        assert await reader.read() == b""
    writer.close()


async def test_that_both_ways_answer_alike(station):
    short, long = [], []
    for found, more in ((short, ()), (long, (b"Expect: ",))):
        reader, writer = await asyncio.open_connection("127.0.0.1", station.port)
        for body in (BODY, b"{}", b"[", b"\xff"):
            writer.write(post(body, PATH, b"Origin: http://x", b"Accept-Language: en", *more))
            found.append(await answer(reader))
        writer.close()
    for (status, headers, body), (other_status, other_headers, other_body) in zip(short, long, strict=True):
        assert status == other_status
        assert {**headers, "server": "", "content-length": ""} == {**other_headers, "server": "", "content-length": ""}
        assert "server" in other_headers
        assert body.keys() == other_body.keys()


async def test_that_nobody_who_greets_late_misses_what_was_sent_after_the_greeting(station):
    async with station.client() as first:
        for number in range(30):
            alert = await station.alert(f"before {number}")
            async with station.client() as late:
                after = await station.alert(f"after {number}")
                assert (await late.read())["alert"]["id"] == after.id
            assert (await first.read())["alert"]["id"] == alert.id
            assert (await first.read())["alert"]["id"] == after.id
