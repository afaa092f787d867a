"""The requests of the panel. Jupyter asks for its token or cookie, and for the XSRF token where something is done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated, stream_request_body

from helpers.core.errors import BadInput, CourseError
from helpers.course.panel import work

#: What a panel may ask to be done with a step.
ACTIONS: dict[str, Callable[[work.Asked], dict[str, Any]]] = {
    "check": work.check,
    "compare": work.compare,
    "reset": work.reset,
    "solve": work.solve,
}
#: Bytes of the largest request that is read. A lab's notebooks have less than a tenth of it.
LARGEST = 2 * 1024 * 1024


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter Server what to load."""
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Answer the panel below ``/mod208/panel`` of this server."""
    app.web_app.add_handlers(".*$", routes(app.web_app.settings["base_url"]))


def routes(base_url: str) -> list[tuple[str, type[APIHandler]]]:
    """Return the addresses that are answered, with who answers."""
    root = url_path_join(base_url, "mod208/panel")
    return [(root, Look), (f"{root}/services", Services), (f"{root}/({'|'.join(ACTIONS)})", Step)]


class NoAccess(CourseError):
    """The file system refused."""

    code = "no-access"


class CourseFault(CourseError):
    """A fault of the course, not of who asked."""

    code = "course-fault"


@stream_request_body
class _Answers(APIHandler):
    """Answers in JSON; an expected fault as what, why and next, with 409."""

    auth_resource = "mod208"

    async def prepare(self) -> None:  # type: ignore[override]  # Tornado awaits it
        """Take no more than `LARGEST` bytes, and none from whom Jupyter does not let in."""
        self._taken = bytearray()
        await super().prepare()
        length = self.request.headers.get("Content-Length", "")
        if length.isdigit() and int(length) > LARGEST:
            raise HTTPError(413, "The cells of this notebook are larger than the course takes")
        # Of a body that does not say its length, no more is read.
        self.request.connection.set_max_body_size(LARGEST)  # type: ignore[union-attr]  # there is one

    def data_received(self, chunk: bytes) -> None:
        """Keep a piece of the body."""
        self._taken += chunk

    async def answer(self, act: Callable[[], Any]) -> None:
        """Answer what *act* returns, from a thread: a check takes seconds, and kernels must be heard meanwhile."""
        try:
            found = await asyncio.to_thread(act)
        except CourseError as error:
            self.set_status(409)
            found = error.to_dict()
        except OSError as error:
            self.set_status(409)
            found = NoAccess(
                "A file of your workspace could not be read or written",
                why=str(error),
                next="df -h .; ls -ld work   # is the disk full? may you write there?",
            ).to_dict()
        except Exception as error:
            self.log.exception("mod208: %s", self.request.path)
            self.set_status(500)
            found = CourseFault(
                "The course could not do this",
                why=f"{type(error).__name__}: {error}",
                next="Tell the people who run the course: JupyterLab's log says more.",
            ).to_dict()
        self.finish(json.dumps(found))

    def asked(self) -> dict[str, Any]:
        """Return the request's JSON.

        Raises:
            BadInput: it is not an object.
        """
        try:
            body = json.loads(bytes(self._taken))
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise BadInput("The request cannot be read", why="It is not a JSON object.", next="Reload the page.")
        return body


class Look(_Answers):
    """Progress, the lab of a notebook, services."""

    #: The panel looks again and again by itself: a hub may stop a server that nobody uses.
    _track_activity = False

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer what the panel shows beside the notebook ``path``."""
        path, root = self.get_query_argument("path", ""), self.serverapp.root_dir if self.serverapp else ""
        await self.answer(lambda: work.overview(path, root))


class Step(_Answers):
    """Check a step, compare it with its solution, reset or solve it."""

    @authenticated
    @authorized
    async def post(self, action: str) -> None:
        """Do *action* with the step of the lab that the notebook ``path`` is of."""
        root = self.serverapp.root_dir if self.serverapp else ""
        await self.answer(lambda: ACTIONS[action](work.Asked.of(self.asked(), root)))


class Services(_Answers):
    """Start a service, or stop and start it."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Do ``action`` with the service ``name``."""
        await self.answer(lambda: work.serve(self.asked()))
