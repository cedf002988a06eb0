"""Quizzes for learning management systems, read back by strict readers that mark as those systems do."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html as html_parser

from grader.errors import InputError
from grader.quizzes import Format, Quiz, make_quiz, write_quizzes
from grader.quizzes.content import Bank, Choices, Essay, Notes, Number, Option, Question, Texts, clean_quiz
from grader.quizzes.markup import Markup, picture_formula, to_plain
from grader.resources import find_data
from grader.spec import load_assignment, load_course
from tests import lms_quizzes as lms
from tests.lms_quizzes import Item, visible
from tests.quiz_files import PNG

READERS: dict[str, Callable[[bytes], list[Item]]] = {
    "qti12": lms.read_qti12,
    "moodle-xml": lms.read_moodle_xml,
    "gift": lms.read_gift,
    "aiken": lms.read_aiken,
    "blackboard": lms.read_blackboard,
    "d2l": lms.read_d2l,
    "cartridge for Canvas": lambda data: lms.read_cartridge(data, "canvas"),
    "cartridge for Moodle": lambda data: lms.read_cartridge(data, "moodle"),
}
RICH = [name for name in READERS if name not in ("aiken", "blackboard")]  # those that keep titles and feedback


def export(reader: str, *quizzes: Quiz) -> tuple[list[Item], tuple[str, ...]]:
    """Write quizzes, read them back as the system does, and return what it has with our notes."""
    exported = write_quizzes(Format(reader.partition(" ")[0]), quizzes)
    items = READERS[reader](exported.data)
    assert len(items) == exported.questions
    return items, tuple(map(str, exported.notes))


def quiz(*entries: Question | Bank, directory: Path | None = None) -> Quiz:
    return Quiz("week-1", "Week 1", "What we did.", entries, directory)


def choice(
    *, single: bool = True, strict: bool = False, right: str = "a", options: str = "abc", **more: Any
) -> Question:
    made = tuple(Option(f"option {letter}", letter in right, f"told {letter}") for letter in options)
    answer = Choices(made, single, strict)
    return replace(Question("pick", "Pick it", "Which?", Fraction(2), answer), **more)


NUMBER = Question("count", "Count it", "How many?", Fraction(1), Number(Decimal("0.2"), Decimal("0.1")), "Like this.")
WORDS = Question("say", "Say it", "What?", Fraction(1), Texts(("nn.ReLU", "torch.nn.ReLU")), "So.")
ESSAY = Question("why", "Say why", "Why?", Fraction(3), Essay("It says **much**."), tags=("loss", "week 1"))


@pytest.mark.parametrize("reader", READERS)
def test_one_right_option_is_marked_as_here(reader: str) -> None:
    (item,), _ = export(reader, quiz(choice(right="b")))
    assert item.kind == "single"
    assert [visible(option) for option in item.options] == ["option a", "option b", "option c"]
    assert [item.mark(frozenset({number})) for number in range(3)] == [0, 1, 0]
    assert item.points in (None, 2)
    if reader in RICH:
        assert [visible(told) for told in item.told] == ["told a", "told b", "told c"]
        assert not item.feedback
        assert item.title == "Pick it"


MANY = [reader for reader in READERS if reader != "aiken"]
EXACT = {"moodle-xml", "gift", "qti12", "cartridge for Canvas"}


@pytest.mark.parametrize("reader", MANY)
@pytest.mark.parametrize("right", ["a", "ab", "bcd", "abcd"])
@pytest.mark.parametrize("strict", [False, True])
def test_several_right_options_are_marked_as_here_or_it_is_said(reader: str, right: str, strict: bool) -> None:
    (item,), notes = export(reader, quiz(choice(single=False, strict=strict, right=right, options="abcd")))
    assert item.kind == "multiple"
    correct = frozenset("abcd".index(letter) for letter in right)
    assert item.mark(correct) > Fraction("0.9999")
    if reader != "d2l" or strict:  # else what is rightly left alone counts
        assert item.mark(frozenset()) == 0
    assert item.mark(frozenset(range(4)) - correct) == 0
    same = True
    for picked in map(frozenset, itertools.chain(*(itertools.combinations(range(4), n) for n in range(5)))):
        ours = Fraction(len(picked & correct) - len(picked - correct), len(correct))
        ours = Fraction(picked == correct) if strict else max(ours, Fraction(0))
        same &= item.mark(picked) == ours
    assert same or any("week-1/pick:" in note for note in notes), notes
    if not strict and reader in EXACT:
        assert same or right == "bcd"  # no thirds in Moodle


@pytest.mark.parametrize(("count", "worth"), [(3, "33.33333%"), (6, "16.66667%"), (7, "14.28571%"), (11, "10%")])
@pytest.mark.parametrize("reader", ["moodle-xml", "gift"])
def test_shares_that_moodle_lacks_are_rounded_and_said(reader: str, count: int, worth: str) -> None:
    letters = "abcdefghijklmnop"
    (item,), notes = export(reader, quiz(choice(single=False, right=letters[:count], options=letters)))
    assert item.mark(frozenset(range(count))) > Fraction("0.9999")
    assert any(worth in note and f"1/{count}" in note for note in notes)


NUMERIC = ["qti12", "moodle-xml", "gift", "blackboard"]


@pytest.mark.parametrize("reader", NUMERIC)
@pytest.mark.parametrize(
    ("value", "tolerance", "right", "wrong"),
    [
        ("0.2", "0.1", ["0.3", "0.1", "0.2", ".25"], ["0.30001", "0.0999"]),
        ("-11.7", "0.02", ["-11.72", "-11.68"], ["-11.721", "11.7"]),
        ("5", "0", ["5", "5.0"], ["5.0000001", "4"]),
        ("1E+3", "0", ["1000"], ["1"]),
        ("0.00002", "0.000001", ["0.000021"], ["0.00003"]),
        ("2.5", "0.5", ["2", "3"], ["3.1"]),
    ],
)
def test_numbers_are_right_within_their_tolerance(
    reader: str, value: str, tolerance: str, right: Sequence[str], wrong: Sequence[str]
) -> None:
    question = replace(NUMBER, answer=Number(Decimal(value), Decimal(tolerance)))
    (item,), notes = export(reader, quiz(question))
    assert item.kind == "number"
    assert [item.mark(text) for text in right] == [1] * len(right)
    assert [item.mark(text) for text in wrong] == [0] * len(wrong)
    assert any("four decimals" in note for note in notes) == (reader == "qti12" and value == "0.00002")


@pytest.mark.parametrize("reader", ["cartridge for Canvas", "aiken", "d2l"])
def test_what_a_format_cannot_ask_is_left_out_and_named(reader: str) -> None:
    items, notes = export(reader, quiz(NUMBER, choice()))
    assert len(items) == 1
    assert any(note.startswith("week-1/count: left out: ") for note in notes)
    with pytest.raises(InputError, match="no question"):
        export(reader, quiz(NUMBER))


TEXTUAL = [reader for reader in READERS if reader != "aiken"]


@pytest.mark.parametrize("reader", TEXTUAL)
def test_short_answers(reader: str) -> None:
    (item,), _ = export(reader, quiz(WORDS))
    assert item.kind == "text"
    assert [item.mark(text) for text in ("nn.ReLU", "torch.nn.relu", "nnxReLU", "ReLU", "")] == [1, 1, 0, 0, 0]
    if reader in RICH:
        assert visible(item.feedback) == "So."


@pytest.mark.parametrize("reader", TEXTUAL)
def test_capitals_count_where_that_can_be_said(reader: str) -> None:
    (item,), notes = export(reader, quiz(replace(WORDS, answer=Texts(("ReLU",), case_sensitive=True))))
    assert item.mark("ReLU") == 1
    assert (item.mark("relu") == 0) == (reader == "moodle-xml")
    assert any("capitals" in note for note in notes) == (reader != "moodle-xml")


STARS = ("nn.*", r"a\*b", "%50%", "[html]x", "T", "a=b~c#d{e}f:g", r"\n", r"\\", 'say "x"', "<b> & </b>", "a;b,c")


@pytest.mark.parametrize("reader", TEXTUAL)
@pytest.mark.parametrize("text", STARS)
def test_short_answers_that_mean_something_to_a_system(reader: str, text: str) -> None:
    (item,), notes = export(reader, quiz(replace(WORDS, answer=Texts((text, "other")))))
    said = reader == "cartridge for Moodle" and any("any text" in note for note in notes)
    assert item.mark(text) == 1 or said
    wrong = {"nn.*": "nn.x", r"a\*b": r"a\xb", "%50%": "50", "[html]x": "x", r"\n": "n"}.get(text, f"{text}!")
    assert item.mark(wrong) == 0 or said


@pytest.mark.parametrize("text", ["a -> b", "x&&058;y"])
def test_short_answers_that_gift_cannot_hold(text: str) -> None:
    (item,), notes = export("gift", quiz(replace(WORDS, answer=Texts((text, "other")))))
    assert item.mark("other") == 1
    assert any(repr(text) in note for note in notes)
    items, notes = export("gift", quiz(replace(WORDS, answer=Texts((text,))), choice()))
    assert len(items) == 1
    assert any("week-1/say: left out" in note for note in notes)


@pytest.mark.parametrize("reader", TEXTUAL)
def test_essays_and_what_only_graders_read(reader: str) -> None:
    (item,), notes = export(reader, quiz(ESSAY))
    assert item.kind == "essay"
    assert item.points in (None, 3)
    kept = reader in ("moodle-xml", "blackboard", "d2l")
    assert visible(item.guidance) == ("It says much." if kept else "")
    assert any("week-1/why: " in note and "good answer" in note for note in notes) == (not kept)
    assert "much" not in item.prompt + item.feedback
    assert item.tags in ((), ("loss", "week 1"))
    assert bool(item.tags) == (reader in ("moodle-xml", "gift"))


@pytest.mark.parametrize("reader", TEXTUAL)
def test_code_as_an_essay_keeps_its_shape(reader: str) -> None:
    code = 'def f(x):\n    """Say `"it"` <loud>.\n\n    ```\n    """\n\tif x < 3 && y:\n\t\treturn "%s"'
    exported = write_quizzes(Format(reader.partition(" ")[0]), [quiz(replace(ESSAY, answer=Essay(None, code)))])
    (item,) = READERS[reader](exported.data)
    root = html_parser.fragment_fromstring(item.prompt.replace("<br>", "\n"), create_parent="div")
    shown = str(root.text_content()).replace("\xa0", " ").expandtabs(4)
    assert (code.expandtabs(4) in shown) == (reader != "moodle-xml")  # there it is in the field to write into
    if reader == "moodle-xml":
        template = ElementTree.fromstring(exported.data).findtext("question/responsetemplate/text")
        assert template == code


@pytest.mark.parametrize("reader", READERS)
def test_a_bank_gives_each_student_one_of_its_instances(reader: str) -> None:
    instances = tuple(replace(choice(right=letter), id=f"pick-{letter}", prompt=f"Is it {letter}?") for letter in "abc")
    items, notes = export(reader, quiz(WORDS, Bank("pick", "Pick it", instances), choice()))
    own = [item for item in items if "Is it" in item.prompt]
    if "cartridge" in reader:
        assert len(own) == 1
    else:
        assert [item.mark(frozenset({number})) for number, item in enumerate(own)] == [1, 1, 1]
    if reader in ("moodle-xml", "gift"):
        assert [item.group.rpartition("/")[2] for item in items] == ["Week 1", *["Pick it"] * 3, "Week 1"]
    if reader == "qti12":
        assert [item.group for item in items] == ["", *["Pick it"] * 3, ""]
    else:
        assert any(note.startswith("week-1/pick: ") for note in notes)


@pytest.mark.parametrize("reader", READERS)
def test_points_and_what_becomes_of_them(reader: str) -> None:
    worth = [Fraction(1), Fraction(5, 2), Fraction(0)]
    questions = [choice(points=points, id=f"q{number}") for number, points in enumerate(worth)]
    items, notes = export(reader, quiz(*questions))
    points = [item.points for item in items]
    if "cartridge" in reader:  # Moodle takes the whole part, and the profile has no other
        assert points == [1, 3, 1]
        assert sum("whole points" in note for note in notes) == 2
    elif reader in ("gift", "aiken", "blackboard"):
        assert points == [None] * 3
        assert any("points" in note for note in notes)
    else:
        assert points == [1, Fraction(5, 2), 0]


@pytest.mark.parametrize("reader", READERS)
def test_pictures_travel_along_or_are_named(reader: str, tmp_path: Path) -> None:
    folder = tmp_path / "week-1"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "A curve.png").write_bytes(PNG)
    (folder / "fake.png").write_text("<svg onload=alert(1)>")
    (tmp_path / "x.png").write_bytes(PNG)
    (folder / "link.png").symlink_to(tmp_path / "x.png")
    prompt = "Look: ![a curve](<figures/A curve.png>)\n\nand ![fake](fake.png) ![out](../x.png) ![in](link.png) ![web](https://x.y/z.png)"
    (item,), notes = export(reader, quiz(choice(prompt=prompt), directory=folder))
    if reader in ("moodle-xml", "qti12") or "cartridge" in reader:
        assert list(item.pictures.values()) == [PNG]
        assert 'alt="a curve"' in item.prompt
        assert len(notes) == 4
    else:
        assert "<img" not in item.prompt
        assert "a curve" in item.prompt
        assert sum("picture" in note for note in notes) >= 5
    assert "https://x.y" not in item.prompt
    assert all(word in item.prompt for word in ("fake", "out", "in", "web"))


@pytest.mark.parametrize("reader", RICH)
def test_titles_and_tags_mean_nothing_to_a_format(reader: str) -> None:
    title = r"a::b: {c} =d ~e #f \n \\ [html] $CATEGORY: </b> & \"g\" ]]> //"
    question = replace(ESSAY, title=title, tags=("a:b #c", "[d]", "<e> &"))
    (item,), notes = export(reader, replace(quiz(question), title=title))
    assert item.title == title
    if reader == "moodle-xml":
        assert item.tags == question.tags
    elif reader == "gift":
        assert item.tags == ("a:b #c", "<e> &")
        assert any("tags with brackets" in note for note in notes)
    if reader in ("moodle-xml", "gift"):
        kept = title if reader == "moodle-xml" else title.replace("\\", "")
        assert item.group == f"$course$/top/{kept.replace('/', '//')}"


@pytest.mark.parametrize("prompt", ["A. Which?", "B) Which?", "ANSWER: A"])
def test_aiken_leaves_out_what_begins_like_an_option(prompt: str) -> None:
    (item,), notes = export("aiken", quiz(choice(prompt=prompt), choice(id="other")))
    assert item.prompt == "Which?"
    assert "week-1/pick: left out: as plain text it is not clear what is asked, and what the options are" in notes


@pytest.mark.parametrize("reader", READERS)
def test_no_script_survives(reader: str) -> None:
    evil = (
        "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1)) ![x](javascript:alert(1)) "
        '<a href="javascript:alert(1)">y</a> $</script><script>alert(1)</script>$ ]]><script>alert(1)</script>'
    )
    (item,), _ = export(reader, quiz(choice(prompt=evil)))
    prompt = item.prompt if reader != "aiken" else ""  # plain text: Moodle escapes it itself
    root = html_parser.fragment_fromstring(prompt or "x", create_parent="div")
    if reader == "cartridge for Moodle":
        assert "<script>" not in prompt
    assert {str(node.tag) for node in root.iter()} <= {"div", "p", "img", "a", "span"}
    assert not [value for node in root.iter() for value in node.attrib.values() if "javascript" in str(value)]


def test_formulas_are_drawn_by_each_system() -> None:
    question = choice(prompt='With $x < \\frac{1}{2}$:\n\n$$\ny = "1"\n$$\n')
    for reader in READERS:
        (item,), _ = export(reader, quiz(question))
        if reader == "qti12":
            pictures = html_parser.fragment_fromstring(item.prompt, create_parent="div").iter("img")
            assert [picture.get("data-equation-content") for picture in pictures] == ["x < \\frac{1}{2}", 'y = "1"']
            assert "/equation_images/x%2520%253C" in item.prompt
        else:
            shown = item.prompt if reader == "aiken" else visible(item.prompt)
            assert "\\(x < \\frac{1}{2}\\)" in shown
            assert '\\[y = "1"\\]' in shown


@pytest.mark.parametrize("reader", READERS)
def test_what_moodle_does_to_cartridges_is_survived(reader: str) -> None:
    (item,), _ = export(reader, quiz(choice(prompt='8 °C, `List<int>`, a<b & "c" — 🔥 שלום')))
    assert (item.prompt if reader == "aiken" else visible(item.prompt)) == '8 °C, List<int>, a<b & "c" — 🔥 שלום'


def shows(text: str) -> bool:
    """Is there anything to see of a text?"""
    cleaned = clean_quiz(quiz(replace(WORDS, prompt=text)), Notes()).questions[0].prompt
    return bool(to_plain(Markup(None, Notes()).render(cleaned, "")))


# Whatever somebody writes: what means something to a format, what files cannot hold, letters that run from the right.
ODD = st.sampled_from(
    [
        *"{}~=#:\\%[]<>&\"'`*_$|,;\t\n\r\x00\x08\x1b\x85\u2028\u202e\ud800\ufffe😀שא́é-0A.)!/^",
        *("]]>", "<![CDATA[", "::", "->", "&&058;", "&amp;", "//", "\n\n", "\n//", "$CATEGORY:", "####", "%50%", "T"),
        *("ANSWER: A", "A. ", "MC\t", "```\n", "</script>", "{#", "@@PLUGINFILE@@/x", "$IMS-CC-FILEBASE$/x", "\r\n"),
        *("[[1]]", "word ", "a b"),
    ]
)
TEXT = st.lists(ODD, min_size=1, max_size=12).map("".join).filter(shows)
LONG = st.sampled_from(["a" * 10_000, "😀" * 10_000, "]]>" * 3_334, "{~=#:}" * 1_700, "word " * 2_000, '<&">' * 2_500])
ANY = st.one_of(TEXT, TEXT, TEXT, LONG)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    kind = draw(st.sampled_from(["single", "multiple", "number", "texts", "essay"]))
    answer: Choices | Number | Texts | Essay
    if kind in ("single", "multiple"):
        texts = draw(st.lists(ANY, min_size=2, max_size=4, unique_by=lambda text: "".join(text.split())))
        right = draw(st.integers(0, len(texts) - 1))
        options = [
            Option(text, number == right or (kind == "multiple" and draw(st.booleans())), draw(st.none() | TEXT))
            for number, text in enumerate(texts)
        ]
        answer = Choices(tuple(options), kind == "single", draw(st.booleans()))
    elif kind == "number":
        value = draw(st.decimals(-1000, 1000, places=4))
        answer = Number(value, draw(st.decimals(0, 10, places=3)))
    elif kind == "texts":
        answer = Texts(tuple(draw(st.lists(ANY, min_size=1, max_size=3, unique=True))), draw(st.booleans()))
    else:
        answer = Essay(draw(st.none() | TEXT), draw(st.none() | TEXT))
    points = draw(st.sampled_from([Fraction(1), Fraction(1, 8), Fraction(7, 2), Fraction(100)]))
    tags = tuple(draw(st.lists(TEXT, max_size=2)))
    return Question("q", draw(ANY), draw(ANY), points, answer, draw(st.none() | TEXT), tags)


QUIZZES = st.lists(questions(), min_size=1, max_size=3).map(
    lambda found: quiz(*(replace(question, id=f"q{number}") for number, question in enumerate(found)))
)


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(quiz=QUIZZES, title=ANY)
def test_whatever_is_written_is_read_back(reader: str, quiz: Quiz, title: str) -> None:
    quiz = replace(quiz, title=title, summary=title)
    try:
        items, notes = export(reader, quiz)
    except InputError:
        assert reader not in ("moodle-xml", "qti12", "blackboard")
        return
    cleaned = clean_quiz(quiz, Notes())
    left_out = {note.partition(": ")[0] for note in notes if ": left out: " in note}
    kept = [question for question in cleaned.questions if f"week-1/{question.id}" not in left_out]
    assert len(items) == len(kept)
    for item, question in zip(items, kept, strict=True):
        same_question(reader, item, question)


def same_question(reader: str, item: Item, question: Question) -> None:
    """Expect the texts that were written, and full marks for the right answer."""
    formula = {"formula": picture_formula} if reader == "qti12" else {}
    markup = Markup(None, Notes(), **formula)  # type: ignore[arg-type]

    def same(got: str, text: str | None) -> None:
        rendered = markup.render(text, "")
        if reader == "aiken":
            assert got == to_plain(rendered)
        elif reader != "cartridge for Moodle":  # that mends and breaks HTML in ways of its own
            assert visible(got) == visible(rendered)

    answer = question.answer
    if not (isinstance(answer, Essay) and answer.starter):
        same(item.prompt, question.prompt)
    if item.title:
        assert item.title == question.title or "&&058;" in question.title
    if isinstance(answer, Choices):
        for got, option in zip(item.options, answer.options, strict=True):
            same(got, option.text)
        right = frozenset(number for number, option in enumerate(answer.options) if option.correct)
        assert item.mark(right) > Fraction("0.9999")
        for number in range(len(answer.options)):
            assert (item.mark(frozenset({number})) > 0) <= (number in right) or reader == "d2l"
    elif isinstance(answer, Number):
        assert item.mark(str(answer.value + answer.tolerance)) == 1
        assert item.mark(str(answer.value - answer.tolerance)) == 1
        assert item.mark(str(answer.value + answer.tolerance + Decimal("0.0001"))) == 0
    elif isinstance(answer, Texts):
        marks = [item.mark(text) for text in answer.accepted]
        assert set(marks) == {1} or (reader == "gift" and 1 in marks)


@pytest.mark.parametrize("form", Format)
def test_the_same_quiz_gives_the_same_bytes(form: Format) -> None:
    assignment = load_assignment(find_data("assignments") / "manual-cross-entropy")

    def checksum() -> int:
        return zlib.crc32(write_quizzes(form, [make_quiz(assignment, 3)[0], quiz(choice(), NUMBER, ESSAY)]).data)

    assert checksum() == checksum()


@pytest.mark.parametrize("reader", READERS)
def test_every_quiz_of_the_course_is_marked_as_here(reader: str) -> None:
    course = load_course(find_data("assignments"))
    made = [make_quiz(course.load(name), 3, code_as_essay=True)[0] for name in course.assignments]
    items, notes = export(reader, *made)
    left_out = {note.partition(": ")[0] for note in notes if ": left out: " in note}
    kept = []
    for own in made:
        for entry in own.entries:
            if f"{own.id}/{entry.id}" in left_out:
                continue
            instances = entry.instances if isinstance(entry, Bank) else (entry,)
            kept += [question for question in instances if f"{own.id}/{question.id}" not in left_out]
    assert len(items) == len(kept) > 15
    for item, question in zip(items, kept, strict=True):
        same_question(reader, item, question)
        assert not item.points or item.points == question.points


def test_variants_become_instances_that_differ_and_are_drawn_alike() -> None:
    assignment = load_assignment(find_data("assignments") / "manual-cross-entropy")
    made, notes = make_quiz(assignment, 5)
    (bank,) = made.entries
    assert isinstance(bank, Bank)
    assert len({question.prompt for question in bank.instances}) == len(bank.instances) == 5
    assert make_quiz(assignment, 5)[0] == made
    assert [str(note) for note in notes] == [
        "manual-cross-entropy/manual-cross-entropy: left out: a quiz cannot run code; --code-as-essay asks for the "
        "code as an essay"
    ]


def test_five_hundred_rows_are_all_that_blackboard_takes() -> None:
    questions = [replace(choice(), id=f"q{number}") for number in range(501)]
    with pytest.raises(InputError, match="501 questions: Blackboard takes 500"):
        export("blackboard", quiz(*questions))
    assert len(export("blackboard", quiz(*questions[:500]))[0]) == 500


KINDS = """\
format: 1
id: week-1
title: Week 1
summary: What we did.
topics: [loss]
questions:
  - id: pick
    kind: choice
    points: 1
    title: Pick it
    prompt: Which?
    choices:
      - {text: a, correct: true, why: Yes.}
      - {text: b, mistake: swapped}
      - {text: c, mistake: swapped, why: No.}
  - {id: some, kind: multiple_choice, points: 0.5, prompt: Which?, choices: [{text: a, correct: true}, {text: b}]}
  - {id: count, kind: numeric, points: 1, prompt: How many?, correct: -0.2, tolerance: 0.01, relative_tolerance: 0.5}
  - {id: say, kind: text, points: 1, prompt: What?, accept: [x, Y], case_sensitive: true, why: So.}
  - id: explain
    kind: text
    points: 3
    prompt: Why?
    why: Because.
    rubric:
      - {id: clear, title: It is clear, points: 1}
      - {id: right, title: It is right, levels: [{id: full, title: Fully, points: 2}, {id: no, title: Not, points: 0}]}
  - {id: code, kind: code, points: 1, file: ex.py, prompt: Write it., starter: "def f():\\n    pass\\n"}
mistakes:
  - {id: swapped, file: mistakes/swapped.py}
"""


def test_every_kind_of_question_has_its_counterpart(tmp_path: Path) -> None:
    folder = tmp_path / "week-1"
    (folder / "mistakes").mkdir(parents=True)
    (folder / "mistakes" / "swapped.py").write_text('"""They are swapped.\n\nThe first is the second.\n"""\n')
    (folder / "assignment.yaml").write_text(KINDS)
    made, notes = make_quiz(load_assignment(folder), code_as_essay=True)
    assert not notes
    pick, some, count, say, explain, code = made.questions
    assert pick.answer == Choices(
        (
            Option("a", True, "Yes."),
            Option("b", False, "They are swapped.\n\nThe first is the second."),
            Option("c", False, "No."),
        )
    )
    assert some.answer == Choices((Option("a", True), Option("b")), single=False, all_or_nothing=True)
    assert some.points == Fraction(1, 2)
    assert count.answer == Number(Decimal("-0.2"), Decimal("0.1"))
    assert (say.answer, say.feedback) == (Texts(("x", "Y"), case_sensitive=True), "So.")
    assert explain.answer == Essay(
        "Because.\n\n**It is clear**\n\n- Met: 1 point\n- Not met: 0 points\n\n"
        "**It is right**\n\n- Fully: 2 points\n- Not: 0 points"
    )
    assert explain.feedback is None
    assert code.answer == Essay(None, "def f():\n    pass")
    assert [question.title for question in made.questions] == ["Pick it", "some", "count", "say", "explain", "code"]
    assert {question.tags for question in made.questions} == {("loss",)}


def test_formulas_survive_what_moodle_does_to_cartridges() -> None:
    (item,), _ = export("cartridge for Moodle", quiz(choice(prompt="If $a<b$ and $c</d$, then:\n\n$$x<y$$\n")))
    assert item.prompt == "<p>If \\(a< b\\) and \\(c< /d\\), then:</p>\n<p>\\[x< y\\]</p>"
