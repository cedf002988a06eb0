"""Servers on this machine that behave as Canvas and Moodle are known to: what they drop in silence, they drop here.

They are no proof of what the real ones do; they hold what was learnt of them. ``hurdles`` are what a request meets
before it is served: each is used once.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

TOKEN = "7~very-secret-token+of/ada=="


@dataclass
class Hurdle:
    """An answer in place of the real one, for the next request; ``seconds`` is how long it takes to come."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    only: str = ""  # in the path


@dataclass
class Seen:
    """A request that came."""

    method: str
    path: str
    form: dict[str, str]
    authorized: bool


@dataclass
class Server:
    """A server: its address, what it was asked, and what stands in the way of the next requests."""

    address: str = ""
    seen: list[Seen] = field(default_factory=list)
    hurdles: deque[Hurdle] = field(default_factory=deque)
    always: Hurdle | None = None

    def answer(
        self, method: str, path: str, query: dict[str, str], form: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        raise NotImplementedError

    def is_authorized(self, header: str, form: dict[str, str]) -> bool:
        raise NotImplementedError

    @property
    def writes(self) -> list[Seen]:
        """The requests that were to change something."""
        raise NotImplementedError


@dataclass
class FakeCanvas(Server):
    """An assignment 9 in the course 5. ``users`` are as Canvas lists them, ``scores`` by their ids."""

    users: list[dict[str, Any]] = field(default_factory=list)
    scores: dict[int, float | None] = field(default_factory=dict)
    excused: set[int] = field(default_factory=set)
    dropped: set[int] = field(default_factory=set)  # of whom it takes nothing, and says nothing
    assignment: dict[str, Any] = field(default_factory=dict)
    page_size: int = 2
    polls: int = 2
    fails: str | None = None
    foreign_page: str | None = None
    running: dict[int, int] = field(default_factory=dict)

    def is_authorized(self, header: str, form: dict[str, str]) -> bool:
        return header == f"Bearer {TOKEN}"

    @property
    def writes(self) -> list[Seen]:
        return [one for one in self.seen if one.method == "POST"]

    def answer(
        self, method: str, path: str, query: dict[str, str], form: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        if path == "/api/v1/courses/5/assignments/9":
            return (
                200,
                {"id": 9, "name": "Twice", "points_possible": 2.0, "grading_type": "points", **self.assignment},
                {},
            )
        if path == "/api/v1/courses/5/users":
            assert query["enrollment_type[]"] == "student"
            return self.page(self.users, path, query)
        if path == "/api/v1/courses/5/assignments/9/submissions":
            return self.page(
                [self.describe(user["id"]) for user in self.users if user["id"] in self.scores], path, query
            )
        if path == "/api/v1/courses/5/assignments/9/submissions/update_grades" and method == "POST":
            return 200, self.take(form), {}
        if path.startswith("/api/v1/progress/"):
            return 200, self.report(int(path.rpartition("/")[2])), {}
        return 404, {"errors": [{"message": "The specified resource does not exist."}]}, {}

    def describe(self, user: int) -> dict[str, Any]:
        score = self.scores[user]
        return {
            "user_id": user,
            "score": score,
            "grade": None if score is None else f"{score:g}",
            "excused": user in self.excused,
        }

    def page(self, entries: list[Any], path: str, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        number = int(query.get("page", "1"))
        start = (number - 1) * self.page_size
        host = self.foreign_page or self.address
        links = [f'<{host}{path}?page={number}&per_page={self.page_size}>; rel="current"']
        if start + self.page_size < len(entries):
            more = "&enrollment_type[]=student" if path.endswith("users") else ""
            links.append(f'<{host}{path}?page={number + 1}&per_page={self.page_size}{more}>; rel="next"')
        return 200, entries[start : start + self.page_size], {"Link": ",".join(links)}

    def take(self, form: dict[str, str]) -> dict[str, Any]:
        for name, value in form.items():
            user, _, key = name.removeprefix("grade_data[").removesuffix("]").partition("][")
            assert key == "posted_grade"
            if int(user) in self.scores and int(user) not in self.dropped and self.fails is None:
                self.scores[int(user)] = round(float(value), 2)
        number = 70 + len(self.running)
        self.running[number] = self.polls
        return {"id": number, "workflow_state": "queued", "url": f"{self.address}/api/v1/progress/{number}"}

    def report(self, number: int) -> dict[str, Any]:
        self.running[number] -= 1
        if self.running[number] > 0:
            return {"id": number, "workflow_state": "running", "completion": 40.0}
        if self.fails is not None:
            return {"id": number, "workflow_state": "failed", "message": self.fails}
        return {"id": number, "workflow_state": "completed", "completion": 100.0}


FUNCTIONS = (
    "core_webservice_get_site_info", "mod_assign_get_assignments", "mod_assign_get_grades", "mod_assign_save_grade",
    "core_enrol_get_enrolled_users", "gradereport_user_get_grade_items", "mod_assign_get_submission_status",
)  # fmt: skip


@dataclass
class FakeMoodle(Server):
    """An assignment with the id 33 and the module 44 in the course 5."""

    users: list[dict[str, Any]] = field(default_factory=list)
    grades: dict[int, float] = field(default_factory=dict)  # those of the assignment
    overridden: dict[int, float] = field(default_factory=dict)  # those of the gradebook, which people decided
    locked: set[int] = field(default_factory=set)
    comments: dict[int, str] = field(default_factory=dict)
    functions: tuple[str, ...] = FUNCTIONS
    assignment: dict[str, Any] = field(default_factory=dict)
    maximum: float = 2.0

    def is_authorized(self, header: str, form: dict[str, str]) -> bool:
        return form.get("wstoken") == TOKEN and not header

    @property
    def writes(self) -> list[Seen]:
        return [one for one in self.seen if one.form.get("wsfunction") == "mod_assign_save_grade"]

    def answer(
        self, method: str, path: str, query: dict[str, str], form: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        if path != "/moodle/webservice/rest/server.php" or method != "POST" or query:
            return 404, {}, {}
        assert form["moodlewsrestformat"] == "json"
        function = form["wsfunction"]
        if function not in self.functions:
            return (
                200,
                {
                    "exception": "webservice_access_exception",
                    "errorcode": "accessexception",
                    "message": "Access control",
                },
                {},
            )
        return 200, getattr(self, function)(form), {}

    def core_webservice_get_site_info(self, form: dict[str, str]) -> Any:
        return {"sitename": "M", "functions": [{"name": name, "version": "1"} for name in self.functions]}

    def mod_assign_get_assignments(self, form: dict[str, str]) -> Any:
        own = {"id": 33, "cmid": 44, "name": "Twice", "grade": self.maximum, **self.assignment}
        other = {"id": 34, "cmid": 45, "name": "Thrice", "grade": 100}
        courses = [{"id": 5, "assignments": [other, own]}] if form["courseids[0]"] == "5" else []
        return {"courses": courses, "warnings": []}

    def mod_assign_get_grades(self, form: dict[str, str]) -> Any:
        assert form["assignmentids[0]"] == "33"
        grades = [{"userid": user, "grade": f"{grade:.5f}", "attemptnumber": 0} for user, grade in self.grades.items()]
        return {"assignments": [{"assignmentid": 33, "grades": grades}], "warnings": []}

    def core_enrol_get_enrolled_users(self, form: dict[str, str]) -> Any:
        assert form["courseid"] == "5"
        return self.users

    def gradereport_user_get_grade_items(self, form: dict[str, str]) -> Any:
        found = []
        for user in (one["id"] for one in self.users):
            raw = self.overridden.get(user, self.grades.get(user))
            item = {
                "itemmodule": "assign", "iteminstance": 33, "itemnumber": 0, "cmid": 44,
                "graderaw": raw if raw != -1 else None,
                "gradeisoverridden": user in self.overridden, "gradeislocked": user in self.locked,
            }  # fmt: skip
            other = {
                "itemmodule": "assign",
                "iteminstance": 34,
                "itemnumber": 0,
                "graderaw": 77.0,
                "gradeislocked": True,
            }
            found.append(
                {"userid": user, "gradeitems": [other, item, {"itemmodule": None, "iteminstance": 33, "graderaw": 5}]}
            )
        return {"usergrades": found, "warnings": []}

    def mod_assign_get_submission_status(self, form: dict[str, str]) -> Any:
        text = self.comments.get(int(form["userid"]), "")
        plugin = {
            "type": "comments",
            "name": "Feedback comments",
            "editorfields": [{"name": "comments", "text": text, "format": 1}],
        }
        return {"feedback": {"plugins": [{"type": "file"}, plugin]}} if text else {"lastattempt": {}}

    def mod_assign_save_grade(self, form: dict[str, str]) -> None:
        user, grade = int(form["userid"]), float(form["grade"])
        self.comments[user] = form.get("plugindata[assignfeedbackcomments_editor][text]", "")
        if user in self.overridden or user in self.locked:
            self.grades[user] = -1
        elif 0 <= grade <= self.maximum:
            self.grades[user] = grade


AnyServer = TypeVar("AnyServer", bound=Server)


@contextmanager
def serve(server: AnyServer, path: str = "") -> Iterator[AnyServer]:
    """Let a server answer on a port of this machine; its ``address`` says which."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer goes out in one piece: two would wait for each other

        def do_GET(self) -> None:
            self.respond()

        def do_POST(self) -> None:
            self.respond()

        def respond(self) -> None:
            parts = urlsplit(self.path)
            data = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            form = {name: values[-1] for name, values in parse_qs(data, keep_blank_values=True).items()}
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            header = self.headers.get("Authorization", "")
            authorized = server.is_authorized(header, form)
            with lock:
                server.seen.append(Seen(self.command, parts.path, form, authorized))
                hurdle = server.always
                if (
                    hurdle is None
                    and server.hurdles
                    and server.hurdles[0].only in parts.path + form.get("wsfunction", "")
                ):
                    hurdle = server.hurdles.popleft()
                if hurdle is not None:
                    self.send(hurdle.status, hurdle.body, hurdle.headers, hurdle.seconds)
                elif not authorized:
                    refused = {
                        "exception": "moodle_exception",
                        "errorcode": "invalidtoken",
                        "message": f"Invalid token {TOKEN}",
                    }
                    moodle = isinstance(server, FakeMoodle)
                    self.send(200 if moodle else 401, json.dumps(refused).encode(), {})
                else:
                    status, found, headers = server.answer(self.command, parts.path, query, form)
                    self.send(status, json.dumps(found).encode(), headers)

        def send(self, status: int, body: bytes, headers: dict[str, str], seconds: float = 0.0) -> None:
            time.sleep(seconds)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *values: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # whoever asked did not wait
                super().handle()

    lock = threading.Lock()
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.address = f"http://127.0.0.1:{http.server_port}{path}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
