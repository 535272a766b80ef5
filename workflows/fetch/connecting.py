"""The network beneath a request: it connects to an address that was checked, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import httpcore2

from workflows.fetch.refusals import unreachable
from workflows.wire.reach import Address

CONNECT_S = 5.0


class Pinned(httpcore2.AsyncNetworkBackend):
    """Whatever host a request names: the connection goes to one of these addresses."""

    def __init__(self, addresses: Sequence[Address], most: int) -> None:
        self._addresses, self._most = addresses, most
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failed: Exception | None = None
        for address in self._addresses[:3]:
            try:
                stream = await self._network.connect_tcp(str(address), port, CONNECT_S)
            except (httpcore2.NetworkError, httpcore2.TimeoutException) as error:
                failed = error
                continue
            return await self._verified(stream, address)
        raise failed or httpcore2.ConnectError("no address")

    async def _verified(
        self, stream: httpcore2.AsyncNetworkStream, address: Address
    ) -> httpcore2.AsyncNetworkStream:
        """Nothing between us and the system may have turned the connection elsewhere."""
        peer = stream.get_extra_info("server_addr")
        if not peer or peer[0].partition("%")[0] != str(address):
            await stream.aclose()
            raise unreachable("its address changed while we connected")
        return Counted(stream, self._most)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        raise unreachable("it is no place on the web", retryable=False)

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class Counted(httpcore2.AsyncNetworkStream):
    """Reads at most so many bytes, headers and all, whatever the answer promises."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream, most: int) -> None:
        self._stream, self._left = stream, most

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        got = await self._stream.read(max_bytes, timeout)
        self._left -= len(got)
        if self._left < 0:
            raise unreachable("it is too large", retryable=False)
        return got

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        # What is counted is what came over the wire.
        return Counted(await self._stream.start_tls(*args, **kwargs), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
