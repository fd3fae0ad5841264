"""A WebSocket client of another maker (PyPI's websockets): `websocket_client.py URL`, exit 0 when all is well."""

import asyncio
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

BIG = 16 << 20


async def main(url):
    async with connect(url, max_size=2 * BIG, subprotocols=["chat"], compression="deflate") as socket:
        assert socket.subprotocol == "chat", socket.subprotocol
        assert "permessage-deflate" in socket.response.headers.get("Sec-WebSocket-Extensions", ""), "no compression"
        for message in ["hello", "", b"\x00\xff", "naïve", b"x" * BIG, bytes(range(256)) * (BIG // 256)]:
            await socket.send(message)
            assert await socket.recv() == message, f"{len(message)} other bytes came back"
        # In fragments, with a ping between them.
        await socket.send(["frag", "men", "ts"])
        assert await socket.recv() == "fragments"
        await (await socket.ping(b"are you there?"))
        await socket.send("close 4321")
        try:
            await socket.recv()
        except ConnectionClosed as closed:
            assert (closed.rcvd.code, closed.rcvd.reason) == (4321, "as asked"), closed
        else:
            raise AssertionError("still open")


asyncio.run(asyncio.wait_for(main(sys.argv[1]), 60))
