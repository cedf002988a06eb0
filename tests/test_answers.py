"""answers.yaml becomes values; whatever a student writes there, nothing raises and nothing hangs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.answers import MAX_TEXT_LENGTH, AnswerProblem, Answers, Value, read_answers
from grader.places import MAX_FILE_BYTES
from grader.spec import Assignment, load_assignment
from grader.submission import ANSWERS, Submission

YAML = """\
format: 1
id: a-quiz
title: A quiz
summary: Questions of every kind.
topics: [losses]
questions:
  - {id: code, kind: code, points: 1, prompt: Write it., file: loss.py, starter: "def loss(): ..."}
  - id: pick
    kind: choice
    points: 1
    prompt: Which loss?
    choices:
      - {text: "Cross entropy, with logits", correct: true}
      - {text: "0.10"}
      - {text: "true"}
  - id: several
    kind: multiple_choice
    points: 2
    prompt: Which of these?
    choices:
      - {text: "mean, or average", correct: true}
      - {text: sum, correct: true}
      - {text: exp}
  - {id: number, kind: numeric, points: 1, prompt: How much?, correct: 0.375, tolerance: 0.001}
  - {id: words, kind: text, points: 1, prompt: In words?, accept: [average]}
"""
NOTHING: dict[str, Value] = {"pick": None, "several": None, "number": None, "words": None}


@pytest.fixture(scope="module")
def assignment(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    folder = tmp_path_factory.mktemp("course") / "a-quiz"
    folder.mkdir()
    (folder / "assignment.yaml").write_text(YAML)
    return load_assignment(folder)


def read(assignment: Assignment, content: str | bytes) -> Answers:
    data = content if isinstance(content, bytes) else content.encode()
    return read_answers(assignment, Submission({ANSWERS: data}))


def only_problem(assignment: Assignment, content: str | bytes) -> AnswerProblem:
    """Return the one problem, having checked that no answer came of it."""
    answers = read(assignment, content)
    assert answers.values == NOTHING
    assert len(answers.problems) == 1
    assert answers.problems[0].message.isprintable()
    return answers.problems[0]


def value(assignment: Assignment, question: str, written: str) -> Value:
    answers = read(assignment, f"{question}: {written}\n")
    assert answers.problems == ()
    return answers.values[question]


def test_answers_of_every_kind(assignment: Assignment) -> None:
    answers = read(assignment, "# mine\npick: b\nseveral: [C, a]\nnumber: 0.375\nwords: the mean\n")
    assert answers.values == {"pick": "b", "several": ("a", "c"), "number": 0.375, "words": "the mean"}
    assert answers.problems == ()


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "---\n", "pick:\nnumber: ~\nwords: ''\n", "several: []\n"])
def test_nothing_answered(assignment: Assignment, content: str) -> None:
    assert read(assignment, content) == Answers(NOTHING)


def test_no_file(assignment: Assignment) -> None:
    assert read_answers(assignment, Submission({"loss.py": b""})) == Answers(NOTHING)


def test_an_assignment_without_a_quiz_asks_for_no_answers(write_assignment: Callable[..., Path]) -> None:
    head, _, _ = YAML.partition("  - id: pick")
    assignment = load_assignment(write_assignment(yaml=head, name="a-quiz"))
    assert read(assignment, "{{{") == Answers()


@pytest.mark.parametrize(
    ("written", "letter"),
    [
        ("a", "a"),
        ("B", "b"),
        ("'c'", "c"),
        ("c)", "c"),
        ("(b)", "b"),
        ("a.", "a"),
        ("Cross entropy, with logits", "a"),
        (">\n  Cross entropy,\n  with logits", "a"),
        ("0.10", "b"),
        ("true", "c"),
    ],
)
def test_a_choice_is_a_letter_or_the_text(assignment: Assignment, written: str, letter: str) -> None:
    assert value(assignment, "pick", written) == letter


@pytest.mark.parametrize("written", ["d", "1", "0.1", "True", "cross entropy", "ab", "a b", "ä", "yes"])
def test_what_is_not_among_the_choices_is_answered_with_them(assignment: Assignment, written: str) -> None:
    problem = only_problem(assignment, f"\npick: {written}\n")
    assert str(problem) == (
        f"answers.yaml:2:7: {written!r} is not one of the choices: a (Cross entropy, with logits), b (0.10), c (true)"
    )
    assert problem.question == "pick"


@pytest.mark.parametrize("written", ["[a]", "{a: b}"])
def test_a_choice_is_one_value(assignment: Assignment, written: str) -> None:
    assert "one value is asked for, and this is a" in only_problem(assignment, f"pick: {written}").message


@pytest.mark.parametrize(
    ("written", "letters"),
    [
        ("[a, c]", ("a", "c")),
        ("[c, A, c]", ("a", "c")),
        ("\n  - sum\n  - a\n", ("a", "b")),
        ("a, c", ("a", "c")),
        ("c a", ("a", "c")),
        ("b; a", ("a", "b")),
        ("b", ("b",)),
        ("mean, or average", ("a",)),
        ("['mean, or average', b]", ("a", "b")),
    ],
)
def test_several_choices(assignment: Assignment, written: str, letters: tuple[str, ...]) -> None:
    assert value(assignment, "several", written) == letters


@pytest.mark.parametrize(
    ("written", "where", "words"),
    [
        ("[a, d]", "1:14", "'d' is not one of the choices: a (mean, or average), b (sum), c (exp)"),
        ("[a, [b]]", "1:14", "a list of letters is asked for"),
        ("{a: true}", "1:10", "a list of letters is asked for"),
        ("a, d", "1:10", "'d' is not one of"),
        ("all", "1:10", "'all' is not one of"),
        ("CAB", "1:10", "'CAB' is one word; write the letters apart: c, a, b"),
        (f"[{', '.join(27 * 'a')}]", "1:10", "more than there are choices"),
    ],
)
def test_several_choices_that_are_unclear(assignment: Assignment, written: str, where: str, words: str) -> None:
    problem = only_problem(assignment, f"several: {written}")
    assert str(problem).startswith(f"answers.yaml:{where}: ")
    assert words in problem.message


def test_one_letter_is_asked_for(assignment: Assignment) -> None:
    problem = only_problem(assignment, "pick: a, b")
    assert problem.message == "'a, b' is more than one letter, and one is asked for"


def test_a_space_that_is_missing_is_named(assignment: Assignment) -> None:
    found = read_answers(assignment, Submission({"answers.yaml": b"# mine\nseveral:a, b\nother:x\n"}))
    assert [str(problem) for problem in found.problems] == [
        "answers.yaml:2:9: a space is missing after the colon: write several: a, b"
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("pick b\n", ["1:5: a colon is missing after pick: write pick: b"]),
        ("pick b\nseveral: [a]\n", ["1:5: a colon is missing after pick: write pick: b"]),
        ("number: 1\npick   b # so\n", ["2:5: a colon is missing after pick: write pick: b # so"]),
        ("pick\nwords: x\n", ["1:5: a colon is missing after pick: write pick:"]),
        ("\ufeffpick b\nseveral:a\n", ["1:5: a colon", "2:9: a space is missing after the colon"]),
        ("# c\n pick: a\nwords: x\n", ["2:1: pick has to stand at the beginning of its line"]),
        ("  pick: a\n  number: 1\nwords: x\n", ["1:1: pick has to stand", "2:1: number has to stand"]),
        ("pick: a\n words: x\n", ["2:1: words has to stand at the beginning of its line"]),
        (" mine: a\nwords: x\n", ["2:1: this is not YAML: did not find expected <document start>; keys start"]),
        ("words: |\n  pick: a\nseveral: [a\n", ["4:1: this is not YAML"]),
        (" pick: a\n several: [a\n", ["3:1: this is not YAML"]),
        (" pick: a\n number: 3: 4\n", ["2:11: this is not YAML"]),
        ("# only\n# \x1b\n", ["2:3: the character U+001B"]),
        (" pick: a\n pick: b\n", ["2:2: the key 'pick' is given twice"]),
    ],
)
def test_a_line_that_yaml_puts_in_puzzling_words_is_named(
    assignment: Assignment, content: str, told: list[str]
) -> None:
    found = [str(problem) for problem in read(assignment, content).problems]
    assert len(found) == len(told)
    for problem, words in zip(found, told, strict=True):
        assert problem.startswith(f"answers.yaml:{words}")


@pytest.mark.parametrize("content", ["pick : a\n", "pick:\n", "words: |\n  pick a\n", " pick: a\n number: 1\n"])
def test_lines_that_only_look_like_a_slip_are_none(assignment: Assignment, content: str) -> None:
    assert read(assignment, content).problems == ()


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0.375", 0.375),
        ("1e-3", 0.001),
        ("-.5", -0.5),
        ("+2", 2.0),
        ("'0.375'", 0.375),
        ("010", 10.0),
        ("0x10", 16.0),
        ("1" * 90, float("1" * 90)),
    ],
)
def test_a_number(assignment: Assignment, written: str, number: float) -> None:
    read_value = value(assignment, "number", written)
    assert read_value == number
    assert isinstance(read_value, float)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("0,375", "'0,375' is not a number; write 0.375"),
        ("about 3", "'about 3' is not a number; write it as 0.375 or 1e-3, without a unit"),
        ("3/8", "'3/8' is not a number"),
        ("true", "'true' is not a number"),
        ("1_000", "'1_000' is not a number"),
        ("12:30", "'12:30' is not a number"),
        ("٣", "is not a number"),
        (".inf", ".inf is not a finite number"),
        (".nan", ".nan is not a finite number"),
        ("1e999", "1e999 is not a finite number"),
        ("'1e999'", "1e999 is not a finite number"),
        ("1" * 200, "is not a number"),
        ("0x" + "f" * 99, "is not a number"),
        ("1" * 100_000, "a number of more than"),
        ("[1]", "one value is asked for"),
    ],
)
def test_what_is_not_a_number(assignment: Assignment, written: str, words: str) -> None:
    problem = only_problem(assignment, f"number: {written}")
    assert words in problem.message
    assert (problem.line, problem.column) == (1, 9)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("average", "average"),
        ("007", "007"),
        ("0.10", "0.10"),
        ("no", "no"),
        ("|\n  one\n  two\n", "one\ntwo"),
        ('"bell \\a, ESC \\e[31m, rtl \\u202e!"', "bell ␇, ESC ␛[31m, rtl !"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_text_is_kept_as_written_without_control_characters(assignment: Assignment, written: str, text: str) -> None:
    assert value(assignment, "words", written) == text


def test_text_is_capped(assignment: Assignment) -> None:
    assert value(assignment, "words", "x" * MAX_TEXT_LENGTH) == "x" * MAX_TEXT_LENGTH
    problem = only_problem(assignment, f"words: {'x' * (MAX_TEXT_LENGTH + 1)}")
    assert problem.message == "this answer has 10,001 characters, and at most 10,000 are taken"


def test_one_bad_answer_leaves_the_others(assignment: Assignment) -> None:
    answers = read(assignment, "words: mean\nnumber: many\npick: z\n")
    assert answers.values == NOTHING | {"words": "mean"}
    assert [(problem.question, problem.line) for problem in answers.problems] == [("number", 2), ("pick", 3)]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("pik", "there is no question 'pik'; did you mean 'pick'?"),
        ("zzz", "there is no question 'zzz'; the questions are pick, several, number, words"),
        ("code", "code is a code question: answer it in loss.py, not here"),
        ("1", "there is no question '1'"),
        ('"\\e[31m"', "there is no question '␛[31m'"),
    ],
)
def test_unknown_questions(assignment: Assignment, key: str, words: str) -> None:
    answers = read(assignment, f"words: mean\n{key}: a\n")
    assert answers.values == NOTHING | {"words": "mean"}
    assert [str(problem) for problem in answers.problems] == [str(answers.problems[0])]
    assert str(answers.problems[0]).startswith(f"answers.yaml:2:1: {words}")
    assert answers.problems[0].question is None


def test_problems_are_few_however_many_keys_there_are(assignment: Assignment) -> None:
    answers = read(assignment, "".join(f"k{index}: a\n" for index in range(20_000)))
    assert 1 <= len(answers.problems) <= 20


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("just text", "answers.yaml:1:1: write one line for each question, such as 'pick: ...'"),
        ("- a\n- b\n", "answers.yaml:1:1: write one line for each question"),
        ("pick: a\npick: b\n", "answers.yaml:2:1: the key 'pick' is given twice"),
        ("pick: a\n  mine: b\n", "answers.yaml:2:7: this is not YAML"),
        ("pick: [a\n", "answers.yaml:"),
        ("words: 'open\n", "answers.yaml:"),
        ("pick: a\n---\npick: b\n", "answers.yaml:2:1: a second document"),
        ("pick: !!python/object/apply:os.system ['true']\n", "answers.yaml:1:7: tags"),
        ("pick: &a b\nwords: c\n", "answers.yaml:1:7: anchors"),
        ("? [a, b]\n: c\n", "answers.yaml:"),
        (b"pick: a\x1b\n", "answers.yaml:1:8: the character U+001B"),
        (b"pick: a\nwords: caf\xe9\n", "answers.yaml:2:11: this is not UTF-8"),
        (b"\xff\xfep\0i\0c\0k\0", "answers.yaml:1:1: this is not UTF-8"),
        ("pick: a\tb: c\n", "answers.yaml:1:"),
    ],
)
def test_broken_files(assignment: Assignment, content: str | bytes, words: str) -> None:
    problem = only_problem(assignment, content)
    assert str(problem).startswith(words)
    assert problem.question is None


ALIAS_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(letter)}: &{chr(letter)} [{', '.join(9 * ('*' + chr(letter - 1),))}]\n" for letter in range(98, 123)
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(ALIAS_BOMB, id="aliases"),
        pytest.param("words: " + "[" * 400_000, id="deep-flow"),
        pytest.param("words: " + "{a: " * 200_000, id="deep-mapping"),
        pytest.param("\n".join(" " * depth + "a:" for depth in range(1_000)), id="deep-block"),
        pytest.param("- " * 400_000, id="deep-list"),
        pytest.param("? " * 400_000, id="deep-keys"),
        pytest.param("words: " + "x" * (MAX_FILE_BYTES - 10), id="long-scalar"),
        pytest.param("words: |\n" + "  line\n" * 100_000, id="long-block"),
        pytest.param("x" * (MAX_FILE_BYTES - 10) + ": a", id="long-key"),
        pytest.param("words: [" + "a," * 450_000 + "]", id="long-list"),
        pytest.param("several: [" + "a," * 40_000 + "]", id="many-letters"),
        pytest.param("several: " + "a " * 450_000, id="many-letters-in-a-line"),
        pytest.param("number: " + "9" * (MAX_FILE_BYTES - 10), id="long-number"),
        pytest.param("number: 0." + "9" * (MAX_FILE_BYTES - 12), id="long-fraction"),
        pytest.param("words: '" + "''" * 490_000, id="open-quotes"),
        pytest.param("&a " * 300_000, id="anchors"),
        pytest.param("!" * 900_000, id="tags"),
        pytest.param("#" * 900_000 + "\n\n", id="comment"),
    ],
)
def test_hostile_files_do_not_hang(assignment: Assignment, content: str) -> None:
    answers = read(assignment, content)
    assert len(answers.problems) <= 20
    assert all(len(str(problem)) < 2_000 for problem in answers.problems)


KEYS = st.sampled_from(["pick", "several", "number", "words", "code"])
SCRAPS = st.text(alphabet="abc09.,:;-+eE_[]{}()&*!|>'\"#%@`~?\\/ \t\n\u00e9\u202e\x85\ufeff", max_size=12)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.lists(st.tuples(KEYS, SCRAPS), max_size=4)))
def test_nothing_raises(assignment: Assignment, content: bytes | list[tuple[str, str]]) -> None:
    if not isinstance(content, bytes):
        content = "".join(f"{key}: {scrap}\n" for key, scrap in content).encode()
    answers = read(assignment, content)
    assert set(answers.values) == set(NOTHING)
    for problem in answers.problems:
        assert problem.message.isprintable()
        assert answers.values.get(problem.question or "") is None
