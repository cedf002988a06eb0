from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from grader.errors import InputError, SpecError
from grader.fields import amount, exact
from grader.questions import CodeQuestion, MultipleChoiceQuestion, NumericQuestion
from grader.spec import Assignment, assignment_schema, load_assignment, load_course, write_schema
from grader.yaml_source import parse

SCHEMA = Path(__file__).parent.parent / "docs" / "assignment.schema.json"
Writer = Callable[..., Path]


@pytest.fixture
def problems(write_assignment: Writer, assignment_yaml: str) -> Callable[[str, str], list[str]]:
    """Replace a part of the sound assignment.yaml and return what is said about it."""

    def load(old: str, new: str) -> list[str]:
        assert assignment_yaml.count(old) == 1
        directory = write_assignment(assignment_yaml.replace(old, new))
        with pytest.raises(SpecError) as raised:
            load_assignment(directory)
        return [str(problem).removeprefix(f"{directory}/") for problem in raised.value.problems]

    return load


def test_a_sound_assignment(write_assignment: Writer) -> None:
    directory = write_assignment()
    assignment = load_assignment(directory)
    assert assignment.id == "mean-loss"
    assert assignment.directory == directory
    assert assignment.points == Fraction(33, 5)
    assert assignment.limits.memory_mb == 1024
    assert [question.id for question in assignment.code_questions] == ["mean-loss"]
    assert [question.kind for question in assignment.quiz_questions] == ["choice", "multiple_choice", "numeric", "text"]
    code = assignment.question("mean-loss")
    assert isinstance(code, CodeQuestion)
    assert code.devices == ("cpu",)
    assert code.starter.startswith("def mean_loss(values):\n")
    multiple = assignment.question("reductions")
    assert isinstance(multiple, MultipleChoiceQuestion)
    assert multiple.letters == ("a", "b", "c")
    numeric = assignment.question("by-hand")
    assert isinstance(numeric, NumericQuestion)
    assert (numeric.correct, numeric.tolerance, numeric.relative_tolerance) == (3.0, 0.01, None)
    with pytest.raises(ValidationError):
        assignment.title = "another"


def test_a_relative_path_is_fine(write_assignment: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write_assignment())
    assert load_assignment(Path()).id == "mean-loss"


def test_an_editor_comment_on_top_is_fine(write_assignment: Writer, assignment_yaml: str) -> None:
    comment = "# yaml-language-server: $schema=../../docs/assignment.schema.json\n"
    assert load_assignment(write_assignment(comment + assignment_yaml)).id == "mean-loss"


def test_an_unknown_question_is_answered_with_a_near_one(write_assignment: Writer) -> None:
    with pytest.raises(
        InputError, match="no question 'reduction' in assignment 'mean-loss'; did you mean 'reductions'"
    ):
        load_assignment(write_assignment()).question("reduction")


@pytest.mark.parametrize(
    ("number", "points"),
    [
        (0.1, "1/10"),
        (1, "1"),
        (2.5, "5/2"),
        (0, "0"),
        (1e3, "1000"),
        (Decimal("0.30"), "3/10"),
        (Fraction(1, 3), "1/3"),
    ],
)
def test_points_are_exactly_what_was_written(number: float, points: str) -> None:
    assert exact(number) == Fraction(points)


@pytest.mark.parametrize("number", [True, "1", None, -1, -0.5, float("nan"), float("inf"), 1e9, 1e-7, [1]])
def test_points_that_are_none(number: object) -> None:
    with pytest.raises(ValueError, match="must"):
        exact(number)


@pytest.mark.parametrize(
    ("points", "written"), [("2", "2"), ("1/2", "0.5"), ("33/5", "6.6"), ("1/3", "1/3"), ("1/1000000", "0.000001")]
)
def test_points_are_written_as_people_do(points: str, written: str) -> None:
    assert amount(Fraction(points)) == written


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("kind: choice", "kind: choise", "21:11: unknown kind 'choise'; did you mean 'choice'?"),
        (
            "kind: choice",
            "kind: essay",
            "21:11: unknown kind 'essay'; the kinds are choice, multiple_choice, numeric, text, code",
        ),
        (
            "    kind: choice\n",
            "",
            "20:5: question 'why-mean' lacks the key 'kind'; "
            "the kinds are choice, multiple_choice, numeric, text, code",
        ),
        ("    points: 3\n", "", "8:5: question 'mean-loss' lacks the key 'points'"),
        ("summary: ", "summery: ", "4:1: unknown key 'summery'; did you mean 'summary'?"),
        ("correct: true, why", "corect: true, why", "25:50: unknown key 'corect'; did you mean 'correct'?"),
        ("seconds: 30, ", "secnds: 30, ", "6:10: unknown key 'secnds'; did you mean 'seconds'?"),
        ("file: mistakes", "fil: mistakes", "40:24: unknown key 'fil'; did you mean 'file'?"),
        (
            "It is never negative.",
            "yes, it is",
            "27:21: unknown key 'it is'; choice c may have text, correct, why, mistake "
            "(text with a comma needs quotes here)",
        ),
        ("points: 3", "points: '3'", "10:13: 'points' must be a number, not text"),
        ("points: 3", "points: true", "10:13: 'points' must be a number, not true"),
        ("points: 3", "points: -3", "10:13: 'points' must be from 0 to 100000, not -3"),
        ("points: 3", "points: .nan", "10:13: 'points' must be a finite number"),
        ("points: 3", "points: 0.12345678", "10:13: 'points' must have at most six decimals"),
        ("format: 1", "format: 2", "1:9: 'format' must be 1, not 2"),
        ("title: Write a mean loss", "title: 7", "3:8: 'title' must be text, not a number; put it in quotes"),
        ("title: Write a mean loss", "title:", "3:7: 'title' must be text, not empty"),
        ("title: Write a mean loss", 'title: " "', "3:8: 'title' must not be empty"),
        ("title: Write a mean loss", 'title: "a\\nb"', "3:8: 'title' must be one line"),
        ("title: Write a mean loss", 'title: "a\\eb"', "3:8: 'title' holds the control character U+001B"),
        (
            "topics: [reductions]",
            "topics: reductions",
            "5:9: 'topics' must be a list, not text; write [a, b], or one entry a line after '- '",
        ),
        ("topics: [reductions]", "topics: [a, a]", "5:9: 'topics' holds 'a' twice"),
        (
            "topics: [reductions]",
            "topics: [a, 1]",
            "5:13: entry 2 of 'topics' must be text, not a number; put it in quotes",
        ),
        ("seconds: 30, ", "seconds: 0, ", "6:19: 'seconds' must be more than 0, not 0"),
        ("seconds: 30, ", "seconds: 1e9, ", "6:19: 'seconds' must be at most 3600, not 1000000000.0"),
        ("memory_mb: 1024", "memory_mb: 10", "6:52: 'memory_mb' must be at least 256, not 10"),
        ("memory_mb: 1024", "memory_mb: 512.5", "6:52: 'memory_mb' must be a whole number, not 512.5"),
        (
            "id: mean-loss\ntitle",
            "id: Mean Loss\ntitle",
            "2:5: 'id' must be lower-case words joined by hyphens, such as 'focal-loss', not 'Mean Loss'",
        ),
        (
            "id: mean-loss\ntitle",
            "id: mean-los\ntitle",
            "2:5: the id 'mean-los' must be the name of the folder, 'mean-loss'",
        ),
        ("id: reductions", "id: why-mean", "28:9: the id 'why-mean' is taken: it is on line 20 already"),
        ("text: sum, correct: true", "text: sum, correct: yes", "35:30: 'correct' must be true or false, not text"),
        ("{text: sum,", "{text: mean,", "34:7: 'choices' holds 'mean' twice"),
        (
            "correct: true, why",
            "correct: false, why",
            "25:7: 'choices' needs exactly one choice with 'correct: true'; none has it",
        ),
        (
            "mistake: sum-for-mean,",
            "correct: true,",
            "25:7: 'choices' needs exactly one choice with 'correct: true'; 2 has it",
        ),
        (
            "proportional",
            "proportionate",
            "31:14: 'scoring' must be 'all_or_nothing' or 'proportional', not 'proportionate'; "
            "did you mean 'proportional'?",
        ),
        (
            ", tolerance: 0.01",
            "",
            "37:5: question 'by-hand' needs the key 'tolerance' or 'relative_tolerance': how far off may an answer be?",
        ),
        ("tolerance: 0.01", "tolerance: -1", "37:105: 'tolerance' must be at least 0, not -1"),
        ("correct: 3,", "correct: .inf,", "37:91: 'correct' must be a finite number"),
        (
            "file: mean_loss.py",
            "file: ../x.py",
            "14:11: 'file' must be a file name such as focal_loss.py, not '../x.py'",
        ),
        (
            "file: mean_loss.py",
            "file: random.py",
            "14:11: 'file' must be another file name: 'random' already means something to Python or to pytest",
        ),
        (
            "      def mean_loss(values):",
            "      def mean_loss(values:",
            "15:14: 'starter' is not Python: '(' was never closed (line 1 of it)",
        ),
        (
            "      def mean_loss(values):",
            "      def cost(values):",
            "15:14: 'starter' must call cost something else: checks mean another thing by submission.cost",
        ),
        (
            "forbid: [statistics.mean]",
            "forbid: [statistics mean]",
            "19:14: entry 1 of 'forbid' must be a name such as torch.nn.functional.cross_entropy, "
            "not 'statistics mean'",
        ),
        (
            "forbid: [statistics.mean]",
            "devices: [cpu, gpu]",
            "19:20: entry 2 of 'devices' must be 'cpu', 'shadow' or 'cuda', not 'gpu'; did you mean 'cpu'?",
        ),
        (
            "mistake: sum-for-mean,",
            "mistake: sum-for-men,",
            "26:41: no mistake 'sum-for-men' under 'mistakes'; did you mean 'sum-for-mean'?",
        ),
        (
            "mistakes/sum_for_mean.py",
            "mistakes/sum_for_men.py",
            "40:30: there is no file 'mistakes/sum_for_men.py'; did you mean 'mistakes/sum_for_mean.py'?",
        ),
        ("mistakes/sum_for_mean.py", f"mistakes/{'a' * 300}.py", f"40:30: there is no file 'mistakes/{'a' * 300}.py'"),
        (
            "mistakes/sum_for_mean.py",
            "mistakes/../solutions/plain.py",
            "40:30: 'file' must be a Python file in mistakes/, such as mistakes/double_softmax.py, "
            "not 'mistakes/../solutions/plain.py'",
        ),
        (
            "  - {id: sum-for-mean, file: mistakes/sum_for_mean.py, caught_by: [test_of_two]}",
            "  - {id: sum-for-mean, file: mistakes/sum_for_mean.py}\n  - {id: two, file: mistakes/sum_for_mean.py}",
            "41:5: mistake 'two' is of no use: no check is in 'caught_by', and no choice names it",
        ),
    ],
)
def test_a_problem_says_where_and_what(
    problems: Callable[[str, str], list[str]], old: str, new: str, expected: str
) -> None:
    assert f"assignment.yaml:{expected}" in problems(old, new)


def test_all_problems_are_listed_in_the_order_of_the_file(write_assignment: Writer, assignment_yaml: str) -> None:
    broken = (
        assignment_yaml.replace("title: Write", "titel: Write")
        .replace("memory_mb: 1024", "memory_mb: lots")
        .replace("kind: multiple_choice", "kind: many")
        .replace("correct: 3,", "correct: three,")
    )
    with pytest.raises(SpecError) as raised:
        load_assignment(write_assignment(broken))
    lines = [problem.line for problem in raised.value.problems]
    assert lines == sorted(lines)
    assert set(lines) == {1, 3, 6, 29, 37}  # line 1: the key that is missing now


def test_two_problems_across_questions_are_both_listed(write_assignment: Writer, assignment_yaml: str) -> None:
    broken = assignment_yaml.replace("id: mean-loss\ntitle", "id: other\ntitle").replace("id: by-hand", "id: why-mean")
    with pytest.raises(SpecError) as raised:
        load_assignment(write_assignment(broken))
    assert [problem.line for problem in raised.value.problems] == [2, 37]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "1:1: the file is empty; it needs the keys format, id, title, summary, questions"),
        ("# nothing\n", "the file is empty"),
        ("- a\n", "1:1: the assignment must be a mapping, not a list"),
        ("just words", "1:1: the assignment must be a mapping, not text"),
        ("format: 1\nformat: 1\n", "2:1: the key 'format' is given twice"),
        ("format: [1\n", "not YAML"),
        ("format: 1\ntitle: é\n".encode("latin-1"), "2:8: this is not UTF-8 text"),
        (b"\0", "1:1: the character U+0000"),
        (b"#" * 1_000_001, "larger than"),
        ("format: 1\nquestions: []\n", "2:12: 'questions' must list at least 1"),
        ("format: 1\nquestions: [5, {}]\n", "2:13: entry 1 of 'questions' must be a mapping of keys, not a number"),
    ],
)
def test_a_file_that_is_no_assignment(write_assignment: Writer, content: str | bytes, words: str) -> None:
    with pytest.raises(SpecError) as raised:
        load_assignment(write_assignment(content))
    assert words in raised.value.message


def test_a_list_of_bad_entries_is_not_called_short(write_assignment: Writer) -> None:
    with pytest.raises(SpecError) as raised:
        load_assignment(write_assignment("questions: [5, {kind: code, choice: 1}]\n"))
    assert "must list" not in raised.value.message
    assert "unknown key 'choice'" in raised.value.message


def test_folders_without_an_assignment(tmp_path: Path, write_assignment: Writer) -> None:
    with pytest.raises(InputError, match="there is no such folder"):
        load_assignment(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"there is no assignment\.yaml in this folder"):
        load_assignment(tmp_path)
    with pytest.raises(InputError, match="there is no such folder"):
        load_assignment(write_assignment() / "assignment.yaml")


def test_a_problem_found_later_is_located_in_the_file(write_assignment: Writer) -> None:
    assignment = load_assignment(write_assignment())
    (problem,) = assignment.problems([(("questions", 0, "points"), "no")])
    assert (problem.line, problem.column, problem.message) == (10, 13, "no")
    (assignment.directory / "assignment.yaml").unlink()
    assert assignment.problems([(("questions", 0, "points"), "no")])[0].line == 1


def test_the_digest_covers_every_file_and_no_caches(write_assignment: Writer) -> None:
    directory = write_assignment()

    def digest() -> str:
        return load_assignment(directory).digest

    first = digest()
    assert first.startswith("sha256:")
    assert len(first) == len("sha256:") + 64
    (directory / "__pycache__").mkdir()
    (directory / "__pycache__" / "x.pyc").write_bytes(b"x")
    (directory / "checks" / ".pytest_cache").mkdir()
    (directory / "checks" / ".pytest_cache" / "x").write_bytes(b"x")
    (directory / ".assignment.yaml.swp").write_bytes(b"x")
    (directory / "empty").mkdir()
    assert digest() == first
    seen = {first}
    for path in [path for path in directory.rglob("*") if path.is_file() and path.suffix in (".py", ".yaml")]:
        content = path.read_bytes()
        path.write_bytes(content + b"\n" if path.suffix == ".py" else content.replace(b"Average", b"Add up"))
        seen.add(digest())
        path.write_bytes(content)
    assert len(seen) == 6
    assert digest() == first
    hidden = directory / "checks" / "hidden" / "test_hidden.py"
    hidden.rename(hidden.with_name("test_other.py"))
    assert digest() not in seen


def test_the_digest_does_not_depend_on_where_the_folder_is(write_assignment: Writer, tmp_path: Path) -> None:
    directory = write_assignment()
    copy = tmp_path / "copy" / directory.name
    shutil.copytree(directory, copy)
    assert load_assignment(copy).digest == load_assignment(directory).digest


def test_an_unreadable_folder_has_no_digest(write_assignment: Writer) -> None:
    assignment = load_assignment(write_assignment())
    (assignment.directory / "solutions" / "plain.py").unlink()
    (assignment.directory / "solutions" / "plain.py").symlink_to("/proc/self/mem")
    with pytest.raises(InputError, match="cannot be read"):
        _ = assignment.digest


def write_course(directory: Path, text: str) -> Path:
    (directory / "course.yaml").write_text(text)
    return directory


def test_a_course(write_assignment: Writer, tmp_path: Path) -> None:
    write_assignment()
    course = load_course(write_course(tmp_path, "title: Losses\nassignments: [mean-loss]\n"))
    assert (course.title, course.assignments, course.directory) == ("Losses", ("mean-loss",), tmp_path)
    assert course.load("mean-loss").directory == tmp_path / "mean-loss"
    with pytest.raises(InputError, match="no assignment 'mean-los'; did you mean 'mean-loss'") as raised:
        course.load("mean-los")
    assert raised.value.hint == "the course has mean-loss"
    many = course.model_copy(update={"assignments": tuple(f"a{number}" for number in range(13))})
    with pytest.raises(InputError, match="no assignment 'b1'") as raised:
        many.load("b1")
    assert raised.value.hint == "`grader list` shows what the course has"
    with pytest.raises(InputError, match=r"no assignment '\.\./mean-loss'"):
        course.load("../mean-loss")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: the file is empty; it needs the keys title, assignments"),
        (
            "title: T\nassignments: [mean-los]\n",
            "2:15: there is no mean-los/assignment.yaml; did you mean 'mean-loss'?",
        ),
        ("title: T\nassignments: [mean-loss, mean-loss]\n", "2:14: 'assignments' holds 'mean-loss' twice"),
        ("title: T\nassignments: []\n", "2:14: 'assignments' must list at least 1"),
        ("titel: T\ntitle: T\nassignments: [mean-loss]\n", "1:1: unknown key 'titel'; did you mean 'title'?"),
        ("assignments: [mean-loss]\n", "1:1: the course lacks the key 'title'"),
    ],
)
def test_a_wrong_course(write_assignment: Writer, tmp_path: Path, text: str, expected: str) -> None:
    write_assignment()
    with pytest.raises(SpecError) as raised:
        load_course(write_course(tmp_path, text))
    assert str(raised.value) == f"{tmp_path}/course.yaml:{expected}"


def test_a_folder_without_a_course(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no course\.yaml"):
        load_course(tmp_path)


def test_assignments_can_be_made_in_code(tmp_path: Path) -> None:
    question = {"kind": "text", "id": "q", "points": 1, "prompt": "?"}
    assignment = Assignment.model_validate(
        {"format": 1, "id": "a", "title": "A", "summary": "S", "questions": [question], "directory": tmp_path}
    )
    assert assignment.points == 1
    assert assignment.code_questions == ()


def test_the_committed_schema_is_this_one(tmp_path: Path) -> None:
    write_schema(tmp_path / "schema.json")
    assert SCHEMA.read_text() == (tmp_path / "schema.json").read_text(), "run `make schema`"


def invalid(value: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(assignment_schema())
    return [error.message for error in validator.iter_errors(value)]


def test_the_schema_accepts_what_the_loader_accepts(assignment_yaml: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA.read_text()))
    assert invalid(parse(assignment_yaml, "f.yaml").value) == []
    rules = (
        "due: 2026-11-30\ngroups: true\npolicy: {late: {grace: 1 d, cut_off: }, attempts: {limit: 2, counts: best}}\n"
    )
    assert invalid(parse(assignment_yaml + rules, "f.yaml").value) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: choice", "kind: choise"),
        ("points: 3", "points: -3"),
        ("points: 3", "points: '3'"),
        ("summary:", "summery:"),
        ("id: mean-loss\ntitle", "id: Mean Loss\ntitle"),
        ("format: 1", "format: 2"),
        ("format: 1", "directory: here\nformat: 1"),
        ("format: 1", "policy: {late: {grace: 15}}\nformat: 1"),
        ("accept: [average]", "rubric: [{id: a}]"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(assignment_yaml: str, old: str, new: str) -> None:
    assert invalid(parse(assignment_yaml.replace(old, new), "f.yaml").value)
