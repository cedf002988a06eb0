"""Canvas: scores of an assignment are read, written in one go, and read again, over its REST interface."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from grader.display import clean_line
from grader.errors import FaultError, InputError
from grader.push.client import Client
from grader.push.plan import Change, Outcome, Person, Target, format_decimal, read_claims

DECIMALS = 2
AT_ONCE = 200  # scores in one request
POLLS = 600  # of a job that Canvas does in the background
PAUSE = 0.5
GRADED_BY_POINTS = frozenset({"points", "percent", "letter_grade", "gpa_scale"})


class Canvas:
    """An assignment in a course of Canvas, by the numbers that stand in its address in the browser."""

    def __init__(
        self, client: Client, course: int, assignment: int, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._sleep = sleep
        self._course = f"/api/v1/courses/{course}"
        self._path = f"{self._course}/assignments/{assignment}"

    def read(self) -> Target:
        """Return the assignment, and what it holds of everybody.

        Raises:
            InputError: it is none that scores can be written to, or this user may not see it.
            FaultError: Canvas cannot be reached or understood.
        """
        found = self._client.get(self._path)
        title = clean_line(str(_field(found, "name")))
        maximum = read_amount(found.get("points_possible"))
        kind = found.get("grading_type", "points")
        if kind not in GRADED_BY_POINTS or maximum is None or maximum <= 0:
            hint = "set 'Display Grade as' to points there"
            raise InputError(f"{title!r} is not graded by points, but as {clean_line(str(kind))!r}", hint)
        if found.get("published") is False:
            raise InputError(f"{title!r} is not published", "publish it there")
        if found.get("moderated_grading") and not found.get("grades_published"):
            raise InputError(f"{title!r} is moderated, and its grades are not released yet", "release them there first")
        notes = (
            ("Canvas shows these scores to students when somebody posts them",) if found.get("post_manually") else ()
        )
        return Target(title, maximum, DECIMALS, self._list_people(), takes_more=True, notes=notes)

    def _list_people(self) -> list[Person]:
        submissions = self._list_submissions()
        people = []
        users = self._client.pages(f"{self._course}/users", {"enrollment_type[]": "student", "per_page": 100})
        for user in users:
            key = str(_field(user, "id"))
            found = submissions.get(key)
            locked = None
            if found is None:
                locked = "the assignment is not given to this student in Canvas"
            elif found.get("excused"):
                locked = "excused in Canvas"
            claims = read_claims(user, {"canvas_id": key}, id="sis_user_id", username="login_id", name="name")
            people.append(Person(key, claims, _read_score(found), locked))
        return people

    def _list_submissions(self) -> dict[str, Mapping[str, Any]]:
        pages = self._client.pages(f"{self._path}/submissions", {"per_page": 100})
        return {str(_field(one, "user_id")): one for one in pages}

    def write(self, changes: Sequence[Change]) -> Iterator[tuple[Change, str | None]]:
        """Write scores; yields each change when Canvas has done with it, and what it said where it failed.

        Raises:
            InputError: this user may not write them.
            FaultError: Canvas cannot be reached or understood.
        """
        for start in range(0, len(changes), AT_ONCE):
            part = changes[start : start + AT_ONCE]
            form = {f"grade_data[{one.key}][posted_grade]": format_decimal(one.then, DECIMALS) for one in part}
            said = self._wait(self._client.post(f"{self._path}/submissions/update_grades", form))
            yield from ((one, said) for one in part)

    def _wait(self, progress: Any) -> str | None:
        """Wait for a job in the background; returns what Canvas said if it failed."""
        number = _field(progress, "id")
        for _ in range(POLLS):
            state = progress.get("workflow_state")
            if state == "completed":
                return None
            if state == "failed":
                return clean_line(str(progress.get("message") or "Canvas gave up, and did not say why"))
            self._sleep(PAUSE)
            progress = self._client.get(f"/api/v1/progress/{number}")
            _field(progress, "id")
        return "Canvas has not finished"

    def verify(self, written: Sequence[tuple[Change, str | None]]) -> list[Outcome]:
        """Read again what Canvas holds of those whom something was written of."""
        found = self._list_submissions()
        return [Outcome(change, _read_score(found.get(change.key)), said, DECIMALS) for change, said in written]


def _read_score(submission: Mapping[str, Any] | None) -> Fraction | None:
    return None if submission is None else read_amount(submission.get("score"))


def _field(found: Any, name: str) -> Any:
    """Return a field that must be there."""
    if not isinstance(found, dict) or found.get(name) is None:
        raise FaultError(f"Canvas answered without {name!r}", "is this the address of Canvas itself?")
    return found[name]


def read_amount(value: object) -> Fraction | None:
    """Return a number as it is written, exactly; None where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value)[:40])
        return Fraction(number) if number.is_finite() and abs(number.adjusted()) < 20 else None
    except InvalidOperation:
        return None
