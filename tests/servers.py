"""An application on a real server, in a thread of the tests' own process."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


class Server(uvicorn.Server):
    """Ends as soon as it is asked to; uvicorn's looks for that ten times a second, and then waits as long again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._asked = asyncio.Event()

    def end(self) -> None:
        """May be called from any thread, once the server has started."""
        self._loop.call_soon_threadsafe(self._asked.set)

    async def startup(self, sockets: object = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._asked.wait()

    async def shutdown(self, sockets: object = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.001)
        await self.lifespan.shutdown()


@contextmanager
def running(config: uvicorn.Config) -> Iterator[tuple[str, int]]:
    """The address of a server that runs meanwhile."""
    server = Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.001)
    try:
        yield server.servers[0].sockets[0].getsockname()
    finally:
        server.end()
        thread.join()
