"""The server behind the page to draw on: this computer's own, for this computer alone.

Python's own `http.server` is enough: two addresses, one user. It listens on the loopback interface,
and, since any page in the user's browser can send requests there too, answers only those that name
it as their host (against DNS rebinding) and, where they say who asks, come from its own page.
"""

import base64
import errno
import json
import socket
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, cast

from datagen import console
from datagen.errors import InputError
from trainer.demo_answer import NAME, Answer, Answerer
from trainer.demo_page import Page

if TYPE_CHECKING:
    from trainer.demo_nearest import Neighbour

ADDRESS = "127.0.0.1"
PORT = 8089
MOST_BYTES = 32 << 20  # 32 MiB, the largest picture file that is taken
SECONDS = 20  # that a request may keep still; a browser's idle connection is then closed

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Server(ThreadingHTTPServer):
    """Serves the page and answers it until it is closed.

    Args:
        page: The page.
        answerer: What its pictures are shown to.
        port: Where to listen; 0 for any free port; None for `PORT`, or any free one if that is
            taken.

    Raises:
        InputError: The port is taken or may not be used.
    """

    daemon_threads = True
    block_on_close = False  # a connection that is kept open must not hold up the end
    allow_reuse_address = sys.platform != "win32"  # there it would let two servers share a port

    def __init__(self, page: Page, answerer: Answerer, port: int | None) -> None:
        self.page, self.answerer = page, answerer
        try:
            super().__init__((ADDRESS, PORT if port is None else port), Handler)
        except OSError as error:
            if port is not None or error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise _refused(port, error) from error
            console.note(f"port {PORT} is taken, so another one is used")
            super().__init__((ADDRESS, 0), Handler)
        self.url = f"http://{ADDRESS}:{self.server_port}/"
        self.hosts = {f"{name}:{self.server_port}" for name in (ADDRESS, "localhost")}
        if self.server_port == 80:
            self.hosts |= {ADDRESS, "localhost"}

    def server_bind(self) -> None:
        """Bind without asking the network for this computer's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = ADDRESS, int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say in a line what went wrong; a browser that hangs up is nothing to speak of."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            console.note(f"a request failed: {type(error).__name__}: {error}")


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server_version, sys_version = "trainer", ""
    protocol_version = "HTTP/1.1"  # one connection for all answers
    timeout = SECONDS
    wbufsize = -1  # head and body in one packet
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Send the page."""
        if not self._is_local():
            return
        if self.path.split("?")[0] != "/":
            self._fail(HTTPStatus.NOT_FOUND, "there is nothing here: the page is at /")
            return
        page = cast(Server, self.server).page
        self._send(HTTPStatus.OK, page.content, "text/html; charset=utf-8", policy=page.policy)

    def do_POST(self) -> None:
        """Answer a picture."""
        if not self._is_local():
            return
        path, _, query = self.path.partition("?")
        if path != "/answer":
            self._fail(HTTPStatus.NOT_FOUND, "there is nothing here: pictures go to /answer")
            return
        file = self._body()
        if file is not None:
            self._json(HTTPStatus.OK, self._answer(file, query == "nearest"))

    def _answer(self, file: bytes, nearest: bool) -> dict[str, Any]:
        answerer = cast(Server, self.server).answerer
        try:
            return described(answerer.answer(file, nearest))
        except InputError as error:
            return {"error": f"{str(error).removeprefix(f'{NAME}: ')}."}
        except Exception as error:  # whatever a picture does, the page must go on
            console.note(f"a picture could not be answered: {type(error).__name__}: {error}")
            return {"error": "it can't be read; save it as a PNG file and try again."}

    def _is_local(self) -> bool:
        hosts = cast(Server, self.server).hosts
        host, origin = self.headers.get("Host", "").lower(), self.headers.get("Origin")
        # Not only the page's own: "localhost" may not ask "127.0.0.1", which is another origin.
        if host in hosts and origin in (None, f"http://{host}"):
            return True
        self._fail(HTTPStatus.FORBIDDEN, "only the page of this server may ask it")
        return False

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self._fail(HTTPStatus.LENGTH_REQUIRED, "the length of the picture file must be stated")
        elif len(length) > 12 or int(length) > MOST_BYTES:
            most = f"{MOST_BYTES >> 20} MiB"
            self._fail(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a picture file has at most {most}")
        else:
            file = self.rfile.read(int(length))
            if len(file) == int(length):
                return file
            self.close_connection = True
        return None

    def _fail(self, status: HTTPStatus, message: str) -> None:
        self.close_connection = True  # what else the request holds is never read
        self._json(status, {"error": message})

    def _json(self, status: HTTPStatus, value: dict[str, Any]) -> None:
        self._send(status, json.dumps(value).encode(), "application/json")

    def _send(self, status: HTTPStatus, content: bytes, kind: str, policy: str = "") -> None:
        self.send_response(status)
        headers = {**_HEADERS, "Content-Type": kind, "Content-Length": str(len(content))}
        headers["Content-Security-Policy"] = policy or "default-src 'none'"
        if self.close_connection:
            headers["Connection"] = "close"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep still: a line for every stroke helps nobody."""


def described(answer: Answer) -> dict[str, Any]:
    """Return an answer as JSON values; pictures are their bytes, base64."""
    framed, nearest = answer.framed, answer.nearest
    return {
        "verdict": answer.verdict,
        "reason": answer.reason,
        "candidates": [[c.codepoint, c.char, round(c.probability, 4)] for c in answer.candidates],
        "alike": answer.alike,
        "together": round(answer.together, 4),
        "frame": None if framed is None else _text(framed.tobytes()),
        "nearest": None if nearest is None else [_neighbour(one) for one in nearest],
    }


def _neighbour(one: "Neighbour") -> dict[str, Any]:
    return {
        "char": one.char,
        "id": one.id,
        "source": one.source,
        "group": one.group,
        "origin": one.origin,
        "likeness": round(one.likeness, 3),
        "size": len(one.pixels),
        "pixels": _text(one.pixels.tobytes()),
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _refused(port: int | None, error: OSError) -> InputError:
    shown = PORT if port is None else port
    if error.errno == errno.EADDRINUSE:
        return InputError(f"port {shown} is taken: give another one, or leave --port out")
    reason = error.strerror or socket.gaierror.__name__
    return InputError(f"port {shown} can't be used ({reason}): give one above 1023")
