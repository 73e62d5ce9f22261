"""The gallery on loopback: nobody else on the network reaches it."""

from __future__ import annotations

import socket
from pathlib import Path

from creativity.errors import CreativityError

HOST = "127.0.0.1"
TRIES = 20


def listening(port: int) -> socket.socket:
    """A socket on the port, or on the first free one of those after it. Raises CreativityError where there is none."""
    for candidate in range(port, min(65536, port + TRIES if port else 1)):
        line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            line.bind((HOST, candidate))
            line.listen(128)  # who comes before the pages are ready waits
        except OSError:
            line.close()
            continue
        return line
    raise CreativityError(f"no port from {port} to {port + TRIES - 1} is free; name another with --port")


def serve(root: Path, line: socket.socket) -> None:
    """Answer until Ctrl-C."""
    import uvicorn

    from creativity.gallery.app import application

    config = uvicorn.Config(
        application(root), log_level="warning", access_log=False, server_header=False, proxy_headers=False, timeout_graceful_shutdown=2
    )
    uvicorn.Server(config).run(sockets=[line])
