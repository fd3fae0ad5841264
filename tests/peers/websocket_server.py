"""A WebSocket server of another maker (PyPI's websockets): prints its port, echoes, closes with what `close N` asks."""

import asyncio

from websockets.asyncio.server import serve


async def echo(socket):
    async for message in socket:
        if isinstance(message, str) and message.startswith("close "):
            await socket.close(int(message.removeprefix("close ")), "as asked")
            return
        await socket.send(message)


async def main():
    async with serve(echo, "127.0.0.1", 0, max_size=32 << 20, subprotocols=["chat"]) as server:
        print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()


asyncio.run(main())
