"""Questions that differ from student to student: the same for one, others for others, and wrong ones are named."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from grader.answers import Answers, format_answer, read_answers
from grader.errors import SpecError
from grader.formulas import Formula, FormulaError, check_formula, evaluate, fill_template
from grader.parameters import Draw, make_seed
from grader.questions import ChoiceQuestion, MultipleChoiceQuestion, NumericQuestion
from grader.report import Reader, SubmissionInfo, build_report, to_html, to_json, to_text
from grader.resources import find_data
from grader.results import Run
from grader.scoring import score_submission
from grader.spec import Assignment, assignment_schema, load_assignment
from grader.stub import render_stub
from grader.submission import ANSWERS, MARKER, Submission
from grader.variants import TRIED, draw_variant, fill_assignment, try_variants
from grader.verify import judge_trials
from grader.yaml_source import parse
from tests.shell import Shell

HEAD = "format: 1\nid: a-quiz\ntitle: A quiz\nsummary: Of variants.\nquestions:\n"
SUM = """\
  - id: add
    kind: numeric
    points: 1
    variants:
      draw:
        a: {integer: [2, 9]}
        b: {choice: [0.5, 1.5]}
        x: {number: [0.0, 1.0], step: 0.1}
      compute:
        total: a + b
        answer: total + x
    prompt: "What is {{ a }} + {{ b }} + {{ x }}? $\\\\frac{1}{2}$"
    correct: answer
    tolerance: 0.001
    why: "{{ a }} + {{ b }} is {{ total }}."
"""
PICK = """\
  - id: larger
    kind: choice
    points: 2
    variants:
      draw:
        a: {integer: [1, 9]}
        b: {integer: [11, 19]}
        swap: {choice: [true, false]}
      compute:
        first: b if swap else a
        second: a if swap else b
    prompt: Which is larger, {{ first }} or {{ second }}?
    choices:
      - {text: "{{ first }}", correct: first > second, why: "It is {{ first - second }} more."}
      - {text: "{{ second }}", correct: second > first}
      - {text: Neither.}
"""
PLAIN = """\
  - {id: braces, kind: numeric, points: 1, prompt: "What is {{ 1 }} in {% TeX %}?", correct: 1, tolerance: 0}
"""

Load = Callable[[str], Assignment]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return a function that writes an assignment of some questions, and loads it."""

    def write(questions: str) -> Assignment:
        (tmp_path / "a-quiz").mkdir(exist_ok=True)
        (tmp_path / "a-quiz" / "assignment.yaml").write_text(HEAD + questions)
        return load_assignment(tmp_path / "a-quiz")

    return write


@pytest.fixture
def quiz(load: Load) -> Assignment:
    return load(SUM + PICK + PLAIN)


# Whose variant

# These figures must never change: students have them on paper.
GOLDEN = {
    "add": {"a": 8, "b": 0.5, "x": 0.7, "total": 8.5, "answer": 9.2},
    "larger": {"a": 6, "b": 13, "swap": True, "first": 13, "second": 6},
}


def test_a_student_always_gets_the_same_variant(quiz: Assignment) -> None:
    ada = fill_assignment(quiz, "ada")
    assert ada.drawn == GOLDEN
    assert fill_assignment(quiz, "ada") == ada
    assert ada.question("add").prompt == "What is 8 + 0.5 + 0.7? $\\frac{1}{2}$"
    assert ada.student == "ada"
    assert not ada.has_variants


def test_another_process_draws_the_same(quiz: Assignment) -> None:
    script = (
        "import sys; from pathlib import Path; from grader.spec import load_assignment\n"
        "from grader.variants import fill_assignment\n"
        "print(fill_assignment(load_assignment(Path(sys.argv[1])), 'ada').drawn)"
    )
    done = subprocess.run([sys.executable, "-c", script, quiz.directory], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(GOLDEN)


def test_students_and_questions_differ(quiz: Assignment) -> None:
    students = [f"student-{number}" for number in range(50)]
    assert len({str(fill_assignment(quiz, student).drawn["add"]) for student in students}) > 30
    question = quiz.question("add")
    assert isinstance(question, NumericQuestion)
    other = question.model_copy(update={"id": "other"})
    pairs = [(draw_variant("a-quiz", question, s)[1], draw_variant("a-quiz", other, s)[1]) for s in students]
    assert sum(one != two for one, two in pairs) > 30
    assert make_seed("a", "bc", "d", "e") != make_seed("ab", "c", "d", "e")


def test_one_name_in_two_forms_of_unicode_is_one_student(quiz: Assignment) -> None:
    assert fill_assignment(quiz, "Zo\u00eb").drawn == fill_assignment(quiz, "Zoe\u0308").drawn


@pytest.mark.parametrize(
    "student",
    ["{{ a }}", "{{ 7 * 7 }}", "{% for x in range(9) %}", "__import__('os')", "'; drop", "\ud800", "a" * 100, "\u202e"],
)
def test_an_id_is_hashed_and_nothing_else(quiz: Assignment, student: str) -> None:
    filled = fill_assignment(quiz, student)
    text = filled.question("add").prompt + str(filled.drawn)
    assert student not in text
    assert re.match(r"What is [2-9] \+ [01]\.5 \+ [01]\.[0-9]\?", text)


def test_another_parameter_changes_no_other(load: Load) -> None:
    before = fill_assignment(load(SUM), "ada").drawn["add"]
    question = SUM.replace("        x:", "        new: {integer: [1, 9]}\n        x:")
    after = fill_assignment(load(question), "ada").drawn["add"]
    assert {name: value for name, value in after.items() if name != "new"} == before


# What is drawn


@given(st.integers(-1000, 1000), st.integers(0, 200), st.sampled_from([1, 0.1, 0.01, 0.25, 0.001]), st.text())
def test_a_number_is_printed_as_its_decimal(low: int, steps: int, step: float, student: str) -> None:
    high = float(Fraction(low) + steps * Fraction(str(step)))
    drawn = Draw(number=(low, high), step=step).draw(make_seed("a", "q", student, "x"))  # type: ignore[arg-type]
    assert isinstance(drawn, float)
    assert low <= drawn <= high
    assert (Fraction(repr(drawn)) - low) % Fraction(str(step)) == 0


def test_every_value_is_drawn_about_as_often() -> None:
    draw = Draw(integer=(1, 6))  # type: ignore[arg-type]
    values = [draw.draw(make_seed("a", "q", f"s{number}", "x")) for number in range(6000)]
    assert all(850 < values.count(face) < 1150 for face in range(1, 7))


def test_a_list_is_drawn_and_so_is_an_order() -> None:
    several = Draw(integer=(0, 9), count=4)  # type: ignore[arg-type]
    order = Draw(choice=("a", "b", "c", "d"), count=4, distinct=True)
    seeds = [make_seed("a", "q", f"s{number}", "x") for number in range(200)]
    assert all(len(several.draw(seed)) == 4 for seed in seeds)  # type: ignore[arg-type]
    orders = [order.draw(seed) for seed in seeds]
    assert all(sorted(one) == ["a", "b", "c", "d"] for one in orders)  # type: ignore[arg-type]
    assert len({str(one) for one in orders}) == 24


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "needs one of the keys choice, integer and number"),
        ({"integer": [1, 2], "choice": [1]}, "needs one of the keys choice, integer and number, not two"),
        ({"integer": [2, 1]}, "2 is more than 1"),
        ({"integer": [1.5, 2]}, "must be whole numbers"),
        ({"integer": [1]}, "must be [lowest, highest]"),
        ({"integer": [True, 2]}, "must be [lowest, highest]"),
        ({"integer": [0, 10**12]}, "at most 1,000,000,000 are taken"),
        ({"number": [0, 1]}, "needs the keys 'number' and 'step' together"),
        ({"number": [0, 1], "step": 0.3}, "does not lead to 1"),
        ({"number": [0, 1], "step": 0}, "must be a number above 0"),
        ({"number": [0, float("nan")], "step": 1}, "must lie between"),
        ({"choice": []}, "must be a list of what may be drawn"),
        ({"choice": [1, 1]}, "holds 1 twice"),
        ({"choice": [{}]}, "must hold finite numbers, text"),
        ({"choice": [1, 2], "count": 3, "distinct": True}, "needs a count of at most 2"),
        ({"choice": [1, 2], "distinct": True}, "needs a count"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        Draw.model_validate(given)


# Formulas and templates


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("a + 1", 3),
        ("[round(exp(z), 3) for z in zs]", [1.0, 2.718]),
        ("sum(zs) / len(zs)", 0.5),
        ("sum([0.1] * 10)", 1.0),
        ("max(zs) if a > 1 else min(zs)", 1.0),
        ("sorted(range(3), key=abs)", [0, 1, 2]),
        ("a > 1 and not a == 3", True),
        ("(1, (2, 3))[1]", [2, 3]),
        ("gamma", 7),
    ],
)
def test_a_formula_is_computed(formula: str, value: object) -> None:
    found = evaluate(Formula(formula), {"a": 2, "zs": [0.0, 1.0], "gamma": 7})
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("a.real", "must not use a dot"),
        ("().__class__", "must not use a dot"),
        ("__import__('os')", "names start with a letter"),
        ("[_ for _ in [1]]", "names start with a letter"),
        ("(lambda: 1)()", "must not use 'lambda: 1'"),
        ("f'{a}'", "must not use"),
        ("{1: 2}", "must not use"),
        ("(b := 1)", "must not use"),
        ("[*zs]", "must not use '*zs'"),
        ("b'x'", "must not use"),
        ("None", "must not use"),
        ("1 +", "is not a Python expression"),
        ("a; b", "is not a Python expression"),
        ("(" * 500, "is not a Python expression"),
        ("open('x')", "cannot be computed: name 'open' is not defined"),
        ("eval('1')", "cannot be computed"),
        ("1 / 0", "cannot be computed: division by zero"),
        ("log(-1)", "cannot be computed"),
        ("inf", "gives inf, which is no usable number"),
        ("nan", "gives nan, which is no usable number"),
        ("10 ** 5000", "gives a huge integer, which is no usable number"),
        ("exp", "gives builtin_function_or_method"),
        ("zip(zs, zs)", "gives zip"),
    ],
)
def test_a_formula_reaches_numbers_and_nothing_else(formula: str, said: str) -> None:
    with pytest.raises(FormulaError, match=re.escape(said)):
        evaluate(Formula(formula), {"a": 2, "zs": [0.0, 1.0]})


def test_a_formula_is_no_answer_before_it_is_filled_in() -> None:
    with pytest.raises(TypeError, match="no answer yet"):
        bool(Formula("a > b"))


@pytest.mark.parametrize("text", ["{{ ().__class__.__base__ }}", "{{ a.__init__.__globals__ }}", "{{ lipsum() }}"])
def test_a_template_reaches_what_is_drawn_and_nothing_else(text: str) -> None:
    with pytest.raises(FormulaError, match="cannot be filled in"):
        fill_template(text, {"a": 1})
    assert not list(check_formula(Formula("a"), ["a"]))


# What is wrong is named, with its place


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        (
            "{{ b }} + {{ x }}?",
            "{{ totl }}?",
            "17:35",
            "'prompt' uses 'totl', which is neither drawn nor computed; did",
        ),
        (
            "{{ total }}.",
            "{{ totl }}.",
            "20:35",
            "'why' uses 'totl', which is neither drawn nor computed; did you mean",
        ),
        ("{{ a }} + {{ b }} + {{ x }}?", "{{ a ?", "17:13", "'prompt' is not a template"),
        ("{{ a }} + {{ b }} + {{ x }}?", "{{ a | rond }}", "17:13", "No filter named 'rond'"),
        ("{{ a }} + {{ b }} + {{ x }}?", "{{ [a] | random }}", "17:13", "No filter named 'random'"),
        ("a + b\n", "a + c\n", "15:20", "'total' uses 'c', which is neither drawn nor computed before"),
        (
            "total: a + b",
            "total: answer + b",
            "15:16",
            "'total' uses 'answer', which is neither drawn nor computed before",
        ),
        ("correct: answer", "correct: anser", "18:14", "'correct' uses 'anser', which is neither drawn nor computed"),
        ("correct: answer", "correct: answer +", "18:14", "'correct' is not a Python expression"),
        ("correct: answer", "correct: true", "18:14", "'correct' must be a number, not true"),
        ("a + b\n", "a.real\n", "15:16", "'total' must not use a dot"),
        ("a + b\n", "[1]\n", "15:16", "'total' must be a formula, such as log(total) - a, not a list"),
        ("total: a", "a: a", "15:9", "the parameter 'a' is drawn already"),
        ("total: a", "to-tal: a", "15:9", "the parameter 'to-tal' must be a name"),
        ("        b:", "        sum:", "12:9", "the parameter 'sum' must have another name"),
        ("integer:", "integr:", "11:13", "unknown key 'integr'; did you mean 'integer'?"),
        ("{integer: [2, 9]}", "{integer: [9, 2]}", "11:22", "'integer' must be [lowest, highest]: 9 is more than 2"),
        ("step: 0.1", "step: 0.3", "13:12", "'x' has a step of 0.3 that does not lead to 1.0"),
        ("      draw:", "      drew:", "10:7", "unknown key 'drew'; did you mean 'draw'?"),
    ],
)
def test_every_error_has_its_place(load: Load, old: str, new: str, at: str, said: str) -> None:
    assert SUM.count(old) == 1
    with pytest.raises(SpecError) as caught:
        load(SUM.replace(old, new))
    found = [str(problem).partition("assignment.yaml:")[2] for problem in caught.value.problems]
    assert any(one.startswith(f"{at}: ") and said in one for one in found), found


def test_in_a_block_the_line_is_that_of_the_word(load: Load) -> None:
    prompt = 'prompt: "What is {{ a }} + {{ b }} + {{ x }}? $\\\\frac{1}{2}$"'
    assert prompt in SUM
    with pytest.raises(SpecError, match=re.escape("assignment.yaml:19:16: 'prompt' uses 'totl'")):
        load(SUM.replace(prompt, "prompt: |\n      totl is what?\n      It is {{ totl }}"))


def test_without_variants_braces_are_braces_and_text_is_no_formula(load: Load) -> None:
    assignment = load(PLAIN)
    assert not assignment.has_variants
    assert fill_assignment(assignment, "ada") is assignment
    assert assignment.quiz_questions[0].prompt == "What is {{ 1 }} in {% TeX %}?"
    with pytest.raises(SpecError, match="'correct' must be a number, not text"):
        load(PLAIN.replace("correct: 1", "correct: answer"))


def test_a_text_question_has_no_variants(load: Load) -> None:
    with pytest.raises(SpecError, match="unknown key 'variants'"):
        load("  - {id: q, kind: text, points: 1, prompt: Why?, variants: {draw: {a: {integer: [1, 2]}}}}\n")


# Nobody forgets to fill in


def test_what_is_not_filled_in_can_be_neither_shown_nor_judged(quiz: Assignment) -> None:
    for use in (
        lambda: quiz.quiz_questions,
        lambda: render_stub(quiz, ()),
        lambda: read_answers(quiz, Submission({ANSWERS: b""})),
    ):
        with pytest.raises(TypeError, match="fill_assignment"):
            use()
    with pytest.raises(TypeError):
        score_submission(quiz, (), Run(), Answers({"add": 1.0}))
    with pytest.raises(ValueError, match="another student"):
        fill_assignment(fill_assignment(quiz, "ada"), "bob")


def test_the_stub_holds_no_answer(quiz: Assignment) -> None:
    files = render_stub(fill_assignment(quiz, "ada"), ())
    for name, content in files.items():
        for secret in (b"9.2", b"total", b"8 + 0.5 is 8.5", b"first > second", b"7 more"):
            assert secret not in content, name
    assert "student" not in json.loads(render_stub(fill_assignment(quiz), ())[MARKER])


def test_editors_know_variants() -> None:
    validator = jsonschema.Draft202012Validator(assignment_schema())
    document = parse(HEAD + SUM + PICK, "assignment.yaml").value
    assert not list(validator.iter_errors(document))
    document["questions"][0]["variants"]["drew"] = {}
    assert list(validator.iter_errors(document))


# Right and wrong


def test_the_right_answer_of_each_student_is_right_and_that_of_others_is_not(quiz: Assignment) -> None:
    students = [fill_assignment(quiz, f"student-{number}") for number in range(30)]
    lines = ["".join(map(format_answer, one.quiz_questions)).encode() for one in students]
    for one, line in zip(students, lines, strict=True):
        own = score_submission(one, (), Run(), read_answers(one, Submission({ANSWERS: line})))
        assert own.score == own.points == 4
    others = zip(students, [*lines[1:], lines[0]], strict=True)
    scores = [
        score_submission(one, (), Run(), read_answers(one, Submission({ANSWERS: line}))).score for one, line in others
    ]
    assert sum(score < 4 for score in scores) > 25


def test_exactly_one_choice_is_right_for_everybody(quiz: Assignment) -> None:
    right = set()
    for number in range(100):
        question = fill_assignment(quiz, f"student-{number}").question("larger")
        assert isinstance(question, ChoiceQuestion)
        (index,) = (index for index, choice in enumerate(question.choices) if choice.correct)
        assert int(question.choices[index].text) == max(int(choice.text) for choice in question.choices[:2])
        right.add(index)
    assert right == {0, 1}


def test_every_right_choice_counts_and_there_must_be_one(load: Load) -> None:
    question = """\
  - id: even
    kind: multiple_choice
    points: 1
    variants: {draw: {n: {choice: [1, 2, 3, 4, 5, 6, 7, 8], count: 3, distinct: true}}}
    prompt: Which are LIMIT?
    choices:
      - {text: "{{ n[0] }}", correct: "n[0] LIMIT", why: "{{ n[0] }} is one."}
      - {text: "{{ n[1] }}", correct: "n[1] LIMIT"}
      - {text: "{{ n[2] }}", correct: "n[2] LIMIT"}
"""
    for number in range(50):
        filled = fill_assignment(load(question.replace("LIMIT", "< 7")), f"student-{number}")
        (even,) = filled.quiz_questions
        assert isinstance(even, MultipleChoiceQuestion)
        assert [choice.correct for choice in even.choices] == [int(choice.text) < 7 for choice in even.choices]
        line = format_answer(even).encode()
        assert score_submission(filled, (), Run(), read_answers(filled, Submission({ANSWERS: line}))).score == 1
    ((problem, count),) = next(iter(try_variants(load(question.replace("LIMIT", "> 6"))))).failures
    assert "'choices' needs at least one choice with 'correct: true' (drawn: n = [" in problem.message
    assert 10 < count < 60


def test_the_shipped_question_is_right_for_a_hundred_students() -> None:
    assignment = load_assignment(find_data("assignments") / "manual-cross-entropy")
    for number in range(100):
        filled = fill_assignment(assignment, f"student-{number}")
        question = filled.question("loss-of-two-samples")
        assert isinstance(question, NumericQuestion)
        rows = re.findall(r"^\| (?:first|second) \|(.*)\|$", question.prompt, re.MULTILINE)
        cells = [[float(cell) for cell in row.split("|")] for row in rows]
        logits = torch.tensor([row[:3] for row in cells], dtype=torch.float64)
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor([int(row[3]) for row in cells]))
        assert math.isclose(question.number, loss.item(), rel_tol=1e-12)
        assert f"{loss.item():.4f}" in str(question.why)


def test_the_example_in_the_documentation_works(load: Load) -> None:
    text = (Path(__file__).parents[1] / "docs" / "authoring.md").read_text()
    (example,) = (block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "variants:" in block)
    assert holes(load(example)) == []


# What verify says


def holes(assignment: Assignment) -> list[str]:
    return [hole.message for hole in judge_trials(assignment, []).holes]


def test_sound_variants_are_no_holes(quiz: Assignment) -> None:
    assert holes(quiz) == []
    assert next(tried.different for tried in try_variants(quiz)) > TRIED / 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "correct: answer",
            "correct: 1 / (a - 3)",
            r"assignment.yaml:18:14: 'correct' cannot be computed: .*drawn: a = 3",
        ),
        ("correct: answer", "correct: a > 3", r"'correct' must be a number, not (true|false) \(drawn: a = "),
        ("total: a + b", "total: b if a == 3 else 'x' * b", r"'total' cannot be computed"),
        ("+ {{ x }}", "+ {{ x / 3 }}", r"'prompt' shows 0\.[0-9]+: round it"),
        ("+ {{ x }}", "+ {{ 1 // (a - 3) }}", r"'prompt' cannot be filled in: .*a = 3"),
    ],
)
def test_what_is_wrong_for_some_students_is_a_hole(load: Load, old: str, new: str, said: str) -> None:
    assignment = load(SUM.replace(old, new))
    failures = [f"{problem} ({count})" for tried in try_variants(assignment) for problem, count in tried.failures]
    assert re.search(said, failures[0]), failures
    assert len(failures) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("second > first", "a > 0", "'choices' needs exactly one choice with 'correct: true'; 2 has it"),
        ("Neither.", "'{{ b }}'", "twice"),
    ],
)
def test_choices_must_stay_choices(load: Load, old: str, new: str, said: str) -> None:
    ((problem, count),) = next(iter(try_variants(load(PICK.replace(old, new))))).failures
    assert said in problem.message
    assert count > 10


def test_too_few_variants_are_a_hole(load: Load) -> None:
    few = load(SUM.replace("[2, 9]", "[2, 2]").replace("[0.0, 1.0]", "[0.0, 0.1]"))
    assert holes(few) == ["'add' has only 4 variants for 100 students"]


# By the command line


@pytest.fixture
def shell(tmp_path: Path, quiz: Assignment) -> Shell:
    (tmp_path / "course.yaml").write_text("title: A course\nassignments: [a-quiz]\n")
    (tmp_path / "work").mkdir()
    return Shell(tmp_path / "work", course=tmp_path, home=tmp_path / "home")


def answer(quiz: Assignment, student: str, folder: Path) -> None:
    questions = fill_assignment(quiz, student).quiz_questions
    (folder / ANSWERS).write_text("".join(map(format_answer, questions)))


def asked(report: Any, question: str) -> Any:
    return next(one for one in report["questions"] if one["id"] == question)


def test_two_students_get_their_own_and_answer_their_own(quiz: Assignment, shell: Shell) -> None:
    for student in ("ada", "bob"):
        fetched = shell("fetch", "a-quiz", student, "--student", student)
        assert fetched.code == 0
        assert f"`grader submit {student} --student {student}`" in fetched.out
        folder = shell.folder / student
        assert json.loads((folder / MARKER).read_text())["student"] == student
        prompt = fill_assignment(quiz, student).question("add").prompt
        assert prompt in (folder / "README.md").read_text()
        assert prompt in (folder / ANSWERS).read_text()
        answer(quiz, student, folder)
        assert shell("check", folder, "--student", student).code == 0
        report = shell("submit", folder, "--student", student, "--json").json
        assert (report["score"], report["points"], report["note"]) == (4.0, 4.0, None)
        assert asked(report, "add")["asked"] == prompt
        assert asked(report, "add")["expected"] is None
    assert (shell.folder / "ada" / ANSWERS).read_text() != (shell.folder / "bob" / ANSWERS).read_text()


@pytest.mark.slow
def test_the_answers_of_another_student_are_wrong_and_the_report_says_why(quiz: Assignment, shell: Shell) -> None:
    shell("fetch", "a-quiz", "--student", "ada")
    folder = shell.folder / "a-quiz"
    answer(quiz, "ada", folder)
    assert "drawn for ada" in shell("check", folder, "--student", "bob").out
    wrong = shell("submit", folder, "--student", "bob")
    assert wrong.code == 1
    assert "note: The questions in this folder were drawn for ada, and those of bob are" in wrong.out
    report = shell("show", "--student", "bob", "--instructor", "--json").json
    assert asked(report, "add")["score"] == 0.0
    assert asked(report, "add")["expected"] == f"{fill_assignment(quiz, 'bob').drawn['add']['answer']:.10g}"
    assert fill_assignment(quiz, "bob").question("add").prompt == asked(report, "add")["asked"]


@pytest.mark.parametrize(
    "claim", ["bob", "{{ a }}", "x" * 9_000, "\u202eevil", "\ud800", "", 7, None, ["bob"], "nothing"]
)
def test_what_a_folder_claims_chooses_no_variant(quiz: Assignment, shell: Shell, claim: object) -> None:
    shell("fetch", "a-quiz")
    folder = shell.folder / "a-quiz"
    answer(quiz, "ada", folder)
    marker = {"format": 1, "assignment": "a-quiz"} | ({} if claim == "nothing" else {"student": claim})
    (folder / MARKER).write_text(json.dumps(marker))
    report = shell("submit", folder, "--json").json
    assert report["score"] == 4.0
    assert (report["note"] is not None) is (claim in ("bob", "{{ a }}"))


@pytest.mark.slow
def test_fetching_for_another_student_overwrites_nothing_unless_forced(quiz: Assignment, shell: Shell) -> None:
    assert shell("fetch", "a-quiz").code == 0
    before = (shell.folder / "a-quiz" / ANSWERS).read_text()
    shell("fetch", "a-quiz", "--student", "bob").fails(2, "holds the questions of ada", "--force")
    assert (shell.folder / "a-quiz" / ANSWERS).read_text() == before
    assert shell("fetch", "a-quiz").code == 0
    forced = shell("fetch", "a-quiz", "--student", "bob", "--force")
    assert forced.code == 0
    assert (shell.folder / "a-quiz.backup-1" / ANSWERS).read_text() == before
    assert json.loads((shell.folder / "a-quiz" / MARKER).read_text())["student"] == "bob"
    shell("fetch", "a-quiz", "elsewhere", "--student", "../x").fails(2, "cannot be a student's id")


def test_a_class_is_graded_by_each_ones_own_questions(quiz: Assignment, shell: Shell) -> None:
    for student, claim in (("ada", "ada"), ("bob", "ada"), ("cleo", None)):
        folder = shell.folder / "inbox" / student
        folder.mkdir(parents=True)
        answer(quiz, student, folder)
        marker = {"format": 1, "assignment": "a-quiz"} | ({"student": claim} if claim else {})
        (folder / MARKER).write_text(json.dumps(marker))
    reports = shell("grade", "inbox", "--assignment", "a-quiz", "--json").reports
    assert {student: report["score"] for student, report in reports.items()} == dict.fromkeys(
        ("ada", "bob", "cleo"), 4.0
    )
    assert [student for student, report in reports.items() if report["note"]] == ["bob"]


def test_a_variant_that_cannot_be_made_costs_nobody_else_the_grade(load: Load, quiz: Assignment, shell: Shell) -> None:
    for student in ("ada", "bob"):
        folder = shell.folder / "inbox" / student
        folder.mkdir(parents=True)
        answer(quiz, student, folder)
    a = fill_assignment(quiz, "bob").drawn["add"]["a"]
    assert a != fill_assignment(quiz, "ada").drawn["add"]["a"]
    load(SUM.replace("total: a + b", f"total: a + b + 0 / (a - {a})") + PICK + PLAIN)
    graded = shell("grade", "inbox", "--assignment", "a-quiz")
    assert graded.code == 3
    assert "'total' cannot be computed" in graded.err
    assert re.search(r"ada +a-quiz +4 / 4", graded.out)
    assert re.search(r"bob +a-quiz .*pending", graded.out)


def test_every_report_shows_what_this_student_was_asked(quiz: Assignment) -> None:
    filled = fill_assignment(quiz, "ada")
    grade = score_submission(filled, (), Run(), Answers({"add": 9.2, "larger": "b", "braces": None}))
    teacher = build_report(grade, SubmissionInfo(student="ada"), Reader.INSTRUCTOR)
    for text in (to_text(teacher), to_html(teacher), json.dumps(to_json(teacher))):
        for words in ("What is 8 + 0.5 + 0.7?", "Which is larger, 13 or 6?", "a) 13", "9.2", "8 + 0.5 is 8.5."):
            assert words in text
    student = build_report(grade, SubmissionInfo(), Reader.STUDENT)
    assert "expected" not in to_text(student)
    assert [one["expected"] for one in to_json(student)["questions"]] == [None, None, None]
    local = build_report(grade, SubmissionInfo(), Reader.STUDENT, complete=False)
    assert not {"asked", "expected", "feedback"} & {
        key for one in to_json(local)["questions"] for key, value in one.items() if value is not None
    }
