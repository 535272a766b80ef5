"""The addresses behind a host: asked for once, all of them checked."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from workflows.fetch.networks import is_public
from workflows.fetch.refusals import forbidden, too_slow, unreachable
from workflows.fetch.targets import Target, parse_address
from workflows.wire.reach import Address, Reach

Resolve = Callable[[str], Awaitable[Sequence[str]]]

PATIENCE_S = 5.0
MOST_ANSWERS = 32
# A silent name server holds these threads, and nobody else's.
_threads = ThreadPoolExecutor(16, thread_name_prefix="names")


async def by_system(host: str) -> list[str]:
    """As the system's resolver says. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(
        _threads, lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    )
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def addresses(
    target: Target, resolve: Resolve = by_system, allow: tuple[Reach, ...] = ()
) -> list[Address]:
    """Those to connect to. Raises Refused, also when only one of them is not public."""
    found = [target.literal] if target.literal else await _ask(target.host, resolve)
    if not any(reach.holds(target.host, target.port) for reach in allow):
        for address in found:
            _check(address, target.port, allow)
    return found


def _check(address: Address, port: int, allow: tuple[Reach, ...]) -> None:
    if any(reach.covers(address, port) for reach in allow):
        return
    if not is_public(address):
        raise forbidden("it leads into an inner network")
    if port not in (80, 443):
        raise forbidden(f"port {port} is not one of web pages")


async def _ask(host: str, resolve: Resolve) -> list[Address]:
    try:
        async with asyncio.timeout(PATIENCE_S):
            said = await resolve(host)
        found = [parse_address(one) for one in said]
    except TimeoutError:
        raise too_slow(PATIENCE_S) from None
    except (OSError, UnicodeError):
        raise unreachable(f"there is no {host}") from None
    except ValueError:
        raise forbidden("its name has an address of no network that we know") from None
    if not found or len(found) > MOST_ANSWERS:
        raise unreachable(f"{host} has {len(found)} addresses", retryable=False)
    return found
