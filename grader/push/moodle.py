"""Moodle: scores of an assignment are read, written one by one, and read again, over its REST interface.

Moodle answers null whether it took a score or not, and on a grade that somebody overrode in the gradebook it writes
something else. So what cannot be changed is left out beforehand, and all that was written is read again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from grader.display import clean_line
from grader.errors import FaultError, InputError, suggest
from grader.push.canvas import read_amount
from grader.push.client import Client
from grader.push.plan import Change, Outcome, Person, Target, format_decimal, read_claims, round_half_up
from grader.push.token import Token

DECIMALS = 5
SERVER = "/webservice/rest/server.php"
NEEDED = (
    "core_webservice_get_site_info",
    "mod_assign_get_assignments",
    "mod_assign_get_grades",
    "mod_assign_save_grade",
    "core_enrol_get_enrolled_users",
    "gradereport_user_get_grade_items",
)
STATUS = "mod_assign_get_submission_status"
MOST_FAILURES = 3  # one after the other, before no more is tried
REFUSED = frozenset({"invalidtoken", "accessexception", "nopermissions", "requireloginerror", "webservicenotavailable"})


class Moodle:
    """An assignment in a course of Moodle, by the numbers that stand behind ``?id=`` in their addresses."""

    def __init__(self, client: Client, token: Token, course: int, module: int | None, title: str) -> None:
        """Make one; without a ``module``, the assignment is the one of that ``title``."""
        self._client = client
        self._token = token
        self._course = course
        self._module = module
        self._title = title
        self._assignment: Mapping[str, Any] = {}
        self._keeps_comments = False

    def read(self) -> Target:
        """Return the assignment, and what it holds of everybody.

        Raises:
            InputError: it is none that scores can be written to, or the token does not reach what is needed.
            FaultError: Moodle cannot be reached or understood.
        """
        functions = self._list_functions()
        self._keeps_comments = STATUS in functions
        self._assignment = self._find_assignment()
        title, maximum = clean_line(str(self._assignment.get("name"))), read_amount(self._assignment.get("grade"))
        if maximum is None or maximum <= 0:
            raise InputError(f"{title!r} is not graded by points", "set its grade's type to Point there")
        notes = []
        if not self._keeps_comments:
            notes.append(f"feedback comments that were written in Moodle may be lost: add {STATUS} to the service")
        if self._assignment.get("markingworkflow"):
            notes.append("the assignment uses a marking workflow: students see nothing before somebody releases it")
        if self._assignment.get("teamsubmission"):
            notes.append("students hand in as groups there: each student's own score is written")
        return Target(title, maximum, DECIMALS, self._list_people(), notes=tuple(notes))

    def _list_functions(self) -> frozenset[str]:
        found = self._call("core_webservice_get_site_info")
        names = frozenset(str(one.get("name")) for one in _list(found, "functions"))
        missing = [name for name in NEEDED if name not in names]
        if missing:
            hint = "add them under Site administration, Server, Web services, External services"
            raise InputError(f"the token's service lacks {', '.join(missing)}", hint)
        return names

    def _find_assignment(self) -> Mapping[str, Any]:
        answer = self._call("mod_assign_get_assignments", {"courseids[0]": str(self._course)})
        courses = _list(answer, "courses")
        if not courses:
            raise InputError(f"the token reaches no course {self._course}", "see --course-id")
        own = _list(courses[0], "assignments")
        names = [str(one.get("name")) for one in own]
        if self._module is not None:
            same = [one for one in own if one.get("cmid") == self._module]
            hint = "give the number behind mod/assign/view.php?id= in the assignment's address"
        else:
            same = [one for one in own if one.get("name") == self._title]
            hint = "name it by its number: --assignment-id"
        if len(same) == 1:
            (found,) = same
            return dict(found)
        what = self._module if self._module is not None else repr(self._title)
        near = suggest(self._title, names) if self._module is None and not same else ""
        raise InputError(
            f"{len(same) or 'no'} assignment{'s' if same else ''} {what} in that course{clean_line(near)}", hint
        )

    def _list_people(self) -> list[Person]:
        users = self._call("core_enrol_get_enrolled_users", {"courseid": str(self._course)})
        if not isinstance(users, list):
            raise FaultError("Moodle answered without the course's users", "is this the address of Moodle itself?")
        grades, items = self._list_grades(), dict(self._list_items())
        people = []
        for user in users:
            key = str(user.get("id"))
            locked = _find_lock(items.get(key, {}))
            # What somebody decided in the gradebook stands there, whatever the assignment itself holds.
            now = grades.get(key) if locked is None else read_amount(items[key].get("graderaw"))
            claims = read_claims(user, {"moodle_id": key}, id="idnumber", username="username", name="fullname")
            people.append(Person(key, claims, now, locked))
        return people

    def _list_grades(self) -> dict[str, Fraction | None]:
        """Return the score that the assignment itself holds of each user; -1 is none."""
        found = self._call("mod_assign_get_grades", {"assignmentids[0]": str(self._assignment["id"])})
        grades: dict[str, Fraction | None] = {}
        newest: dict[str, int] = {}
        for one in _list(found, "assignments"):
            for grade in _list(one, "grades"):
                key, attempt = str(grade.get("userid")), _whole(grade.get("attemptnumber"))
                if key in grades and attempt < newest[key]:
                    continue
                score = read_amount(grade.get("grade"))
                grades[key], newest[key] = (score if score is not None and score >= 0 else None), attempt
        return grades

    def _list_items(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        found = self._call("gradereport_user_get_grade_items", {"courseid": str(self._course)})
        for user in _list(found, "usergrades"):
            for item in _list(user, "gradeitems"):
                own = item.get("itemmodule") == "assign" and item.get("iteminstance") == self._assignment["id"]
                if own and _whole(item.get("itemnumber")) == 0:
                    yield str(user.get("userid")), item

    def write(self, changes: Sequence[Change]) -> Iterator[tuple[Change, str | None]]:
        """Write scores one by one; yields each change, and what Moodle said where it said something.

        Raises:
            FaultError: Moodle failed several times in a row.
        """
        failures = 0
        for change in changes:
            try:
                self._save(change)
            except (FaultError, InputError) as error:
                failures += 1
                yield change, error.message
                if failures >= MOST_FAILURES:
                    raise
            else:
                failures = 0
                yield change, None

    def _save(self, change: Change) -> None:
        form = {
            "assignmentid": str(self._assignment["id"]),
            "userid": change.key,
            "grade": format_decimal(change.then, DECIMALS),
            "attemptnumber": "-1",
            "addattempt": "0",
            "workflowstate": "",
            "applytoall": "0",
        }
        if self._keeps_comments:
            form |= self._read_comment(change.key)
        said = self._call("mod_assign_save_grade", form)
        if said is not None:
            raise FaultError(f"Moodle answered {clean_line(str(said), 100)}")

    def _read_comment(self, user: str) -> dict[str, str]:
        """Return a user's feedback comment as it is to be sent along: without it Moodle takes it for emptied."""
        found = self._call(STATUS, {"assignid": str(self._assignment["id"]), "userid": user})
        feedback = found.get("feedback") if isinstance(found, dict) else None
        for plugin in _list(feedback, "plugins") if isinstance(feedback, dict) else []:
            for own in _list(plugin, "editorfields") if plugin.get("type") == "comments" else []:
                text, kind = own.get("text"), _whole(own.get("format"))
                if isinstance(text, str) and text:
                    field = "plugindata[assignfeedbackcomments_editor]"
                    return {f"{field}[text]": text, f"{field}[format]": str(kind)}
        return {}

    def verify(self, written: Sequence[tuple[Change, str | None]]) -> list[Outcome]:
        """Read again what the assignment and the gradebook hold of those whom something was written of."""
        grades = self._list_grades()
        shown = {key: read_amount(item.get("graderaw")) for key, item in self._list_items()}
        outcomes = []
        for change, said in written:
            holds, final = grades.get(change.key), shown.get(change.key)
            # Before a marking workflow releases it the gradebook shows nothing, or what was released before.
            if holds is not None and final is not None and not self._assignment.get("markingworkflow"):
                holds = final if final < 0 or round_half_up(final, DECIMALS) != change.then else holds
            outcomes.append(Outcome(change, holds, said, DECIMALS))
        return outcomes

    def _call(self, function: str, values: Mapping[str, str] | None = None) -> Any:
        """Call a function of Moodle's web service.

        Raises:
            InputError: Moodle does not let this token do it.
            FaultError: Moodle says that something is wrong.
        """
        form = {"wstoken": self._token.reveal(), "wsfunction": function, "moodlewsrestformat": "json", **(values or {})}
        found = self._client.post(SERVER, form)
        if isinstance(found, dict) and "exception" in found:
            code = str(found.get("errorcode", ""))
            said = clean_line(self._token.hide_in(str(found.get("message", ""))), 300)
            if code == "invalidtoken":
                raise InputError("Moodle refuses the token", "make a new one under Preferences, Security keys")
            message = f"Moodle refuses {function}: {said} ({clean_line(code, 50)})"
            if code in REFUSED:
                raise InputError(message, "ask for webservice/rest:use and the rights of a teacher in the course")
            raise FaultError(message)
        return found


def _find_lock(item: Mapping[str, Any]) -> str | None:
    """Return why a grade in Moodle's gradebook cannot be changed from outside, or None where it can."""
    if item.get("gradeisoverridden"):
        return "overridden in Moodle's gradebook: change it there, or take the override away"
    return "locked in Moodle's gradebook" if item.get("gradeislocked") or item.get("locked") else None


def _list(found: Any, name: str) -> list[Any]:
    """Return a list that must be there, of objects."""
    entries = found.get(name) if isinstance(found, dict) else None
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise FaultError(f"Moodle answered without {name!r}", "is this the address of Moodle itself?")
    return entries


def _whole(value: object) -> int:
    """Return a whole number as Moodle writes it, 0 where there is none."""
    match = re.fullmatch(r"-?\d{1,12}", str(value), re.ASCII)
    return int(match[0]) if match else 0
