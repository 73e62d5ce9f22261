"""Who may ask what: a gallery on loopback is reached by every page that its user has open, so each request is looked at.

- The ``Host`` header must name this machine, else a stranger's domain that resolves here would read everything (DNS rebinding).
- What changes something is a POST of the gallery's own pages (``Sec-Fetch-Site``, or ``Origin`` where a browser sends none).
- Answers carry a policy under which no script runs but the gallery's own files, and no other site can embed or read them.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HERE = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)
SAFE = ("GET", "HEAD")
MAX_BODY = 64 * 2**20
"""Bytes of a request: a large photograph, and no more."""

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
DRAWING_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
"""Of an SVG, which is a document of its own when it is opened alone: it may look as it wants, and do nothing."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if (refusal := refused(scope["method"], Headers(scope=scope))) is not None:
            status, words = refusal
            await PlainTextResponse(words + "\n", status)(scope, receive, guarded)
            return
        await self.app(scope, _limited(receive), guarded)


def refused(method: str, headers: Headers) -> tuple[int, str] | None:
    """Status and words of a refusal; None for a request that may pass."""
    host = headers.get("host", "")
    if not HERE.fullmatch(host):
        return 421, "this gallery answers only to localhost"
    if len(headers.getlist("host")) > 1:
        return 400, "one Host header is expected"
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal() and len(length) < 12 and int(length) <= MAX_BODY):
        return 413, f"at most {MAX_BODY // 2**20} MiB are taken"
    if method in SAFE:
        return None
    if method != "POST":
        return 405, "GET or POST is expected"
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    ours = origin is None or origin.lower() == f"http://{host.lower()}"
    if site is None and origin is None:
        return 403, "a change needs an Origin header: it is made from the gallery's own pages"
    if not ours or site not in (None, "same-origin"):
        return 403, "changes are made from the gallery's own pages only"
    return None


def _limited(receive: Receive) -> Receive:
    """The same body, which ends with an error once it is too long (a chunked one announces no length)."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY:
            raise TooLarge
        return message

    return limited


class TooLarge(Exception):
    """A body that went on and on."""
