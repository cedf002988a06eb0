"""What the grader and the examiner say to each other comes through JSON lines unchanged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.job import (
    Event,
    Fault,
    Finished,
    Job,
    JobCheck,
    JobQuestion,
    Survey,
    Verdict,
    Wall,
    event_from_json,
    event_to_json,
    job_from_json,
    job_to_json,
)
from grader.results import CheckResult, Frame, Outcome, Visibility

TEXTS = st.text(max_size=20)
MAYBE = st.none() | TEXTS
SECONDS = st.floats(0, 3600)
FILES = st.dictionaries(TEXTS, st.binary(max_size=50), max_size=3)
JOBS = st.builds(
    Job,
    directory=TEXTS,
    checks=st.lists(
        st.builds(
            JobCheck, id=TEXTS, path=TEXTS, question=TEXTS, visibility=st.sampled_from(Visibility), needs_device=MAYBE
        ),
        max_size=3,
    ).map(tuple),
    questions=st.dictionaries(
        TEXTS,
        st.builds(JobQuestion, file=TEXTS, reference=MAYBE, devices=st.lists(TEXTS, max_size=2).map(tuple)),
        max_size=2,
    ),
    submissions=st.lists(FILES, max_size=3).map(tuple),
    seconds=SECONDS,
    check_seconds=SECONDS,
    memory_mb=st.integers(1, 10**6),
    secrets=st.lists(TEXTS, max_size=2).map(tuple),
    seed=st.integers(0, 2**63),
    isolated=st.booleans(),
)
RESULTS = st.builds(
    CheckResult,
    check=TEXTS,
    outcome=st.sampled_from(Outcome),
    message=MAYBE,
    detail=MAYBE,
    frames=st.lists(
        st.builds(Frame, file=TEXTS, line=st.integers(1, 10**6), function=TEXTS, source=TEXTS), max_size=2
    ).map(tuple),
    device=TEXTS,
    deferred=st.booleans(),
    seconds=SECONDS,
)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Verdict, submission=st.integers(0, 10**6), result=RESULTS),
    st.builds(
        Finished,
        submission=st.integers(0, 10**6),
        output=TEXTS,
        seconds=SECONDS,
        environment=st.dictionaries(TEXTS, TEXTS, max_size=2),
    ),
    st.builds(Fault, message=TEXTS, hint=MAYBE, lasting=st.booleans()),
)


def send(data: Any) -> Any:
    """Return JSON data as it arrives at the other end."""
    line = json.dumps(data)
    assert "\n" not in line
    return json.loads(line)


@given(job=JOBS)
def test_a_job_arrives_as_it_was(job: Job) -> None:
    back = job_from_json(send(job_to_json(job)))
    assert back == job
    for check in back.checks:
        assert type(check.visibility) is Visibility
    for question in back.questions.values():
        assert type(question.devices) is tuple


@given(event=EVENTS)
def test_an_event_arrives_as_it_was(event: Event) -> None:
    back = event_from_json(send(event_to_json(event)))
    assert back == event
    assert type(back) is type(event)
    if isinstance(back, Verdict):
        assert type(back.result.outcome) is Outcome
        assert all(type(frame) is Frame for frame in back.result.frames)


def test_files_are_bytes_of_any_kind() -> None:
    files = {
        "loss.py": bytes(range(256)),
        "empty.py": b"",
        "latin.py": "# -*- coding: latin-1 -*-\nä".encode("latin-1"),
    }
    job = Job("", (), {}, (files, {}), seconds=1, check_seconds=1, memory_mb=1)
    assert job_from_json(send(job_to_json(job))).submissions == (files, {})


def test_what_a_student_printed_may_be_no_unicode() -> None:
    event = Finished(0, "half a pair: \ud83d", 1.0)
    assert event_from_json(send(event_to_json(event))) == event


SURVEY = event_to_json(Survey("A", "Linux", (Wall("landlock", True),), ("cpu",), {"torch": "2"}))
VERDICT = event_to_json(Verdict(3, CheckResult("test_a", Outcome.PASSED, frames=(Frame("a.py", 1, "f", "x"),))))
WRONG: dict[str, Any] = {
    "check": None, "outcome": 1, "message": 1, "detail": [], "frames": {}, "device": 1, "deferred": "no",
    "seconds": "1", "figure": 3,
}  # fmt: skip
FINISHED = event_to_json(Finished(0, "", 1.0))


def test_what_is_refused_below_is_a_change_of_what_is_taken() -> None:
    for data in (VERDICT, FINISHED, SURVEY):
        assert event_to_json(event_from_json(send(data))) == data


def test_events_say_what_they_are() -> None:
    assert VERDICT["event"] == "verdict"
    assert FINISHED["event"] == "finished"
    assert event_to_json(Fault("it broke")) == {"event": "fault", "message": "it broke", "hint": None, "lasting": False}


@pytest.mark.parametrize(
    "data",
    [
        None,
        3,
        "verdict",
        [],
        [VERDICT],
        {},
        {"event": None},
        {"event": "verdict"},
        {"event": "applause", "message": "well done"},
        {"event": ["fault"], "message": "well done"},
        {**VERDICT, "more": 1},
        {**VERDICT, "result": None},
        {**VERDICT, "result": {}},
        {**VERDICT, "result": {**VERDICT["result"], "outcome": "perfect"}},
        {**VERDICT, "result": {**VERDICT["result"], "frames": [1]}},
        {**VERDICT, "result": {**VERDICT["result"], "frames": None}},
        {**VERDICT, "result": {**VERDICT["result"], "points": 10}},
        {**FINISHED, "score": 10},
        {"event": "finished"},
        {"event": "fault"},
        {"event": "fault", "message": "m", "blame": "you"},
        {"event": "fault", "message": 7, "hint": None, "lasting": False},
        {"event": "fault", "message": "m", "hint": 7, "lasting": False},
        {"event": "fault", "message": "m", "hint": None, "lasting": 1},
        {**VERDICT, "submission": "3"},
        {**VERDICT, "submission": 3.0},
        {**VERDICT, "submission": True},
        {**VERDICT, "submission": None},
        *({**VERDICT, "result": {**VERDICT["result"], name: value}} for name, value in WRONG.items()),
        {**VERDICT, "result": {**VERDICT["result"], "seconds": float("nan")}},
        {**VERDICT, "result": {**VERDICT["result"], "frames": [{**VERDICT["result"]["frames"][0], "line": "1"}]}},
        {**FINISHED, "submission": "0"},
        {**FINISHED, "output": None},
        {**FINISHED, "seconds": True},
        {**FINISHED, "environment": {"torch": 2}},
        {**FINISHED, "environment": ["torch"]},
        {**FINISHED, "mistakes": {"q": "abc"}},
        {**FINISHED, "mistakes": {"q": [1]}},
        {**FINISHED, "mistakes": None},
        {**FINISHED, "diagnosis_fault": 1},
        {**SURVEY, "tier": 1},
        {**SURVEY, "walls": [["landlock", True, ""]]},
        {**SURVEY, "devices": "cpu"},
        {**SURVEY, "environment": {"torch": None}},
    ],
)
def test_what_is_no_event_is_refused(data: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        event_from_json(send(data))


@pytest.mark.parametrize("name", ["directory", "checks", "questions", "submissions", "seconds"])
def test_a_job_that_lacks_something_is_refused(name: str) -> None:
    data = job_to_json(Job("", (), {}, (), seconds=1, check_seconds=1, memory_mb=1))
    del data[name]
    with pytest.raises((KeyError, TypeError)):
        job_from_json(send(data))


def test_a_job_and_its_json_data_share_nothing() -> None:
    job = Job("d", (), {"q": JobQuestion("a.py", None)}, ({"a.py": b"x"},), seconds=1, check_seconds=1, memory_mb=1)
    data = job_to_json(job)
    data["questions"]["q"]["file"] = "b.py"
    data["submissions"][0]["a.py"] = ""
    assert job.questions["q"].file == "a.py"
    assert job.submissions[0]["a.py"] == b"x"
