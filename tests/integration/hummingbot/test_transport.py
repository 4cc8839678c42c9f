"""HttpTransport against real sockets: every way to fail, and what it proves about the request."""

import asyncio
import gzip
import socket
from collections.abc import Mapping

import pytest

from tests.support.http_servers import OK, RawServer, Recording, raw_server, read_request
from trading_bridge.hummingbot.transport import HttpTransport, Response, TransportFailed

WRITES = ["POST", "PUT", "DELETE"]


async def send(transport: HttpTransport, method: str = "GET", path: str = "/x", *, within: float = 5.0) -> Response:
    return await transport.send(method, path, body=b"{}" if method == "POST" else None, timeout=within)


async def failure(url: str, method: str = "GET", *, within: float = 5.0, max_answer: int = 1000) -> TransportFailed:
    """The failure of one request to `url`, checked to tell nothing of address or login."""
    transport = HttpTransport(url, username="admin", password="s3cr3t-password", max_answer=max_answer)
    try:
        with pytest.raises(TransportFailed) as caught:
            await send(transport, method, within=within)
    finally:
        await transport.close()
    shown = caught.value
    told = f"{shown!r} {shown} {shown.reason} {shown.__cause__} {shown.__context__}"
    for secret in ("127.0.0.1", "localhost", "s3cr3t", "invalid", url.rpartition(":")[2]):
        assert secret not in told
    return caught.value


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


# ── never sent ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_refused(method: str) -> None:
    failed = await failure(f"http://127.0.0.1:{closed_port()}", method)
    assert (failed.code, failed.sent) == ("connect_refused", False)


async def test_unknown_name() -> None:
    failed = await failure("http://no-such-host.invalid:80")
    assert (failed.code, failed.sent) == ("dns", False)


async def test_plain_http_where_tls_is_expected() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _n: int) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with raw_server(handler) as server:
        failed = await failure(server.url.replace("http:", "https:"), "POST")
    assert (failed.code, failed.sent) == ("tls", False)


async def test_a_connection_that_is_never_accepted() -> None:
    async def handler(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _n: int) -> None:
        await reader.read()  # takes the TLS hello and says nothing

    async with raw_server(handler) as server:
        failed = await failure(server.url.replace("http:", "https:"), "POST", within=0.2)
    assert (failed.code, failed.sent) == ("connect_timeout", False)


async def test_after_close_nothing_is_sent(recording: Recording) -> None:
    transport = HttpTransport(recording.url)
    await transport.close()
    await transport.close()
    with pytest.raises(TransportFailed) as caught:
        await send(transport)
    assert not caught.value.sent
    assert recording.requests == []


# ── perhaps done ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", ["GET", *WRITES])
async def test_reset_before_the_request_is_read(method: str) -> None:
    async def handler(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _n: int) -> None:
        writer.transport.abort()

    async with raw_server(handler) as server:
        failed = await failure(server.url, method)
        assert server.connections == 1  # not repeated, although aiohttp would for GET, PUT and DELETE
    assert (failed.code, failed.sent) == ("disconnected", True)


@pytest.mark.parametrize("method", ["GET", *WRITES])
async def test_reset_after_the_request_is_read(method: str) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _n: int) -> None:
        server.requests.append(await read_request(reader))
        writer.transport.abort()

    async with raw_server(handler) as server:
        failed = await failure(server.url, method)
        assert len(server.requests) == 1
    assert (failed.code, failed.sent) == ("disconnected", True)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_answer_in_time(method: str) -> None:
    async def handler(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _n: int) -> None:
        server.requests.append(await read_request(reader))
        await reader.read()

    async with raw_server(handler) as server:
        failed = await failure(server.url, method, within=0.2)
        assert len(server.requests) == 1
    assert (failed.code, failed.sent) == ("read_timeout", True)


async def test_an_answer_that_ends_early_and_one_that_stalls() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _n: int) -> None:
        await read_request(reader)
        writer.write(OK.replace(b": 2", b": 200"))
        await writer.drain()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, n: int) -> None:
        await half(reader, writer, n)
        await reader.read()

    async with raw_server(half) as server:
        failed = await failure(server.url, "POST")
    assert (failed.code, failed.sent) == ("disconnected", True)
    async with raw_server(stall) as server:
        failed = await failure(server.url, "POST", within=0.2)
    assert (failed.code, failed.sent) == ("read_timeout", True)


@pytest.mark.parametrize("noise", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n"])
async def test_an_answer_that_is_no_http(noise: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _n: int) -> None:
        await read_request(reader)
        writer.write(noise)
        await writer.drain()

    async with raw_server(handler) as server:
        failed = await failure(server.url, "POST")
    assert (failed.code, failed.sent) == ("disconnected", True)


def answer(body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body)]
    lines += [f"{name}: {value}".encode() for name, value in headers.items()]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@pytest.mark.parametrize("packed", [False, True])
async def test_a_huge_answer_is_not_swallowed(packed: bool) -> None:
    huge = b"x" * 200_000

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _n: int) -> None:
        await read_request(reader)
        body, headers = (gzip.compress(huge), {"Content-Encoding": "gzip"}) if packed else (huge, {})
        writer.write(answer(body, headers))
        await writer.drain()

    async with raw_server(handler) as server:
        failed = await failure(server.url, max_answer=100_000)
    assert (failed.code, failed.sent) == ("too_large", True)


# ── kept-alive connections ──────────────────────────────────────────────────────────────────────


async def test_reads_share_a_connection_and_writes_never_do() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, n: int) -> None:
        while True:
            server.requests.append(f"{n} {(await read_request(reader)).split()[0]}")
            writer.write(OK)
            await writer.drain()

    async with raw_server(handler) as server:
        transport = HttpTransport(server.url)
        for method in ("GET", "GET", "POST", "POST", "GET"):
            assert (await send(transport, method)).body == b"[]"
        await transport.close()
        assert server.requests == ["1 GET", "1 GET", "2 POST", "3 POST", "1 GET"]


async def closing_the_first_connection(server_box: list[RawServer], reader: asyncio.StreamReader, n: int) -> bool:
    """Note the request; True when this connection should be dropped without an answer."""
    request = await read_request(reader)
    server_box[0].requests.append(f"{n} {request.split()[0]}")
    return n == 1 and len([one for one in server_box[0].requests if one.startswith("1 ")]) > 1


async def test_a_get_on_a_stale_connection_goes_once_more_on_a_fresh_one() -> None:
    box: list[RawServer] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, n: int) -> None:
        while True:
            if await closing_the_first_connection(box, reader, n):
                writer.transport.abort()
                return
            writer.write(OK)
            await writer.drain()

    async with raw_server(handler) as server:
        box.append(server)
        transport = HttpTransport(server.url)
        await send(transport)
        assert (await send(transport)).status == 200
        await transport.close()
        assert server.requests == ["1 GET", "1 GET", "2 GET"]


async def test_a_get_is_repeated_only_once() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _n: int) -> None:
        server.requests.append(await read_request(reader))
        if len(server.requests) > 1:
            writer.transport.abort()
            return
        writer.write(OK)
        await writer.drain()
        await handler(reader, writer, _n)

    async with raw_server(handler) as server:
        transport = HttpTransport(server.url)
        await send(transport)
        with pytest.raises(TransportFailed) as caught:
            await send(transport)
        await transport.close()
        assert len(server.requests) == 3
    assert (caught.value.code, caught.value.sent) == ("disconnected", True)


async def test_a_broken_answer_on_a_reused_connection_is_not_asked_for_again() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _n: int) -> None:
        server.requests.append(await read_request(reader))
        writer.write(OK)
        await writer.drain()
        server.requests.append(await read_request(reader))
        writer.write(OK.replace(b": 2", b": 200"))
        await writer.drain()

    async with raw_server(handler) as server:
        transport = HttpTransport(server.url)
        await send(transport)
        with pytest.raises(TransportFailed):
            await send(transport)
        await transport.close()
        assert len(server.requests) == 2


# ── what is sent ────────────────────────────────────────────────────────────────────────────────


async def test_headers_query_and_prefix(recording: Recording) -> None:
    recording.on("POST /hb/api/a%2Fb", "{}")
    transport = HttpTransport(f"{recording.url}/hb/api/", username="admin", password="pä:ss", api_key="k3y")
    told = await transport.send(
        "POST", "/a%2Fb", params={"pairs": ["A-B", "C D"], "one": "1"}, body=b'{"x":1}', timeout=5
    )
    await transport.close()
    assert told.status == 200
    (method, path, body) = recording.requests[0]
    assert (method, path, body) == ("POST", "/hb/api/a%2Fb?pairs=A-B&pairs=C+D&one=1", b'{"x":1}')
    headers = recording.headers[0]
    assert headers["authorization"] == "Basic YWRtaW46cMOkOnNz"
    assert headers["x-api-key"] == "k3y"
    assert headers["ngrok-skip-browser-warning"] == "1"
    assert headers["content-type"] == "application/json"
    assert "cookie" not in headers


async def test_a_login_in_the_address_is_used_and_not_shown(recording: Recording) -> None:
    recording.on("GET /", "{}")
    url = recording.url.replace("http://", "http://bob:hunter2@")
    transport = HttpTransport(url)
    await transport.send("GET", "/", timeout=5)
    await transport.close()
    assert recording.headers[0]["authorization"] == "Basic Ym9iOmh1bnRlcjI="
    assert "bob" not in repr(transport)
    assert "hunter2" not in repr(transport)


async def test_redirects_are_not_followed_and_cookies_not_kept() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _n: int) -> None:
        while True:
            server.requests.append(await read_request(reader))
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: /login\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()

    async with raw_server(handler) as server:
        transport = HttpTransport(server.url)
        for _ in range(2):
            told = await send(transport)
            assert (told.status, told.headers["location"]) == (302, "/login")
        await transport.close()
        assert len(server.requests) == 2
        assert "cookie" not in "".join(server.requests).lower()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://h",
        "hummingbot:8000",
        "http://",
        "http://h/?a=1",
        "http://h/#x",
        "http://h:99999999",
        "/relative",
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"Hummingbot API address") as caught:
        HttpTransport(url)
    assert not url or url not in str(caught.value)


def test_a_line_break_in_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="line break"):
        HttpTransport("http://h", api_key="a\r\nX: y")
