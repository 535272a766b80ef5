"""Loopback ports: is one free, and which is."""

import socket

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Asks as a server would: with SO_REUSEADDR, so that closing connections do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def any_free() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
