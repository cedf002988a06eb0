"""Quizzes come in from Moodle XML, GIFT and text2qti, and what cannot be taken is named."""

from __future__ import annotations

import base64
import re
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.quizzes import Format, Found, Source, make_quiz, read_quiz, render_quiz, write_quizzes
from grader.quizzes.content import Choices, Essay, Notes, Number, Question, Quiz, Texts
from grader.quizzes.html_markdown import to_markdown
from grader.quizzes.markup import Markup
from grader.resources import find_data
from grader.spec import Assignment, load_assignment, load_course
from tests.quiz_files import GIFT, MOODLE, PNG, TEXT2QTI

COURSE = load_course(find_data("assignments"))


def read(folder: Path, content: str | bytes, source: Source | None = None) -> Found:
    path = folder / "quiz.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_quiz(path, source)


def make(folder: Path, found: Found) -> tuple[Assignment, list[str]]:
    """Make the assignment of a quiz, and load it."""
    files, notes = render_quiz(found, "week-1")
    for name, content in files.items():
        path = folder / "week-1" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return load_assignment(folder / "week-1"), [str(note) for note in notes]


def plain(question: Question, *, points: bool) -> object:
    """Return a question with its texts as HTML, for Markdown can say one thing in many ways."""
    markup = Markup(None, Notes())

    def show(text: str | None) -> str:
        return markup.render(text, "")

    answer: object = question.answer
    if isinstance(answer, Choices):
        options = [(show(option.text), option.correct, show(option.feedback)) for option in answer.options]
        answer = (answer.single, answer.all_or_nothing, options)
    elif isinstance(answer, Essay):
        answer = show(answer.guidance)
    worth = question.points if points else None
    told = show(question.feedback)
    return question.id, question.title, show(question.prompt), worth, answer, told, question.tags


@pytest.mark.parametrize("name", [name for name in COURSE.assignments if COURSE.load(name).has_quiz])
@pytest.mark.parametrize("source", [Source.MOODLE_XML, Source.GIFT])
def test_what_goes_out_comes_back(source: Source, name: str, tmp_path: Path) -> None:
    quiz, _ = make_quiz(COURSE.load(name), 2)
    found = read(tmp_path, write_quizzes(Format(source), [quiz]).data)
    assignment, _ = make(tmp_path, found)
    back, _ = make_quiz(assignment)
    carried = source is Source.MOODLE_XML
    assert [plain(q, points=carried) for q in back.questions] == [plain(q, points=carried) for q in quiz.questions]
    assert back.title == quiz.title
    assert not carried or back.summary.split() == quiz.summary.split()


def test_essays_and_pictures_come_back(tmp_path: Path) -> None:
    (tmp_path / "plot.png").write_bytes(PNG)
    essay = Question("why", "Why", "See ![a plot](plot.png).", Fraction(5, 2), Essay("It **falls**."), tags=("loss",))
    data = write_quizzes(Format.MOODLE_XML, [Quiz("q", "Q", "S", (essay,), tmp_path)]).data
    assignment, notes = make(tmp_path, read(tmp_path, data))
    (question,) = assignment.questions
    (picture,) = (assignment.directory / "pictures").iterdir()
    assert picture.read_bytes() == PNG
    assert question.prompt == f"See ![a plot](pictures/{picture.name})."
    assert question.points == Fraction(5, 2)
    assert notes == ["week-1: 1 picture is in its folder: exports show pictures, stubs their descriptions"]
    again, _ = make_quiz(assignment)
    assert write_quizzes(Format.MOODLE_XML, [again]).data.count(base64.b64encode(PNG)) == 1


def test_moodle_xml_of_others(tmp_path: Path) -> None:
    found = read(tmp_path, MOODLE)
    assignment, notes = make(tmp_path, found)
    assert assignment.title == "Losses/gains"
    assert assignment.topics == ("one", "two")
    described = yaml.safe_load((assignment.directory / "assignment.yaml").read_text())["questions"]
    assert [(q["id"], q["kind"], q["points"]) for q in described] == [
        ("which-one", "choice", 2.5), ("several", "multiple_choice", 1), ("uneven", "multiple_choice", 1),
        ("really", "choice", 1), ("say", "text", 1), ("count", "numeric", 1), ("explain", "text", 1),
    ]  # fmt: skip
    first = described[0]
    (picture,) = found.pictures
    assert first["prompt"] == f"A **bold** $x_1 < 2$\n![pic]({picture}) web\n\n```\ncode  here\n```\n"
    assert [choice["text"] for choice in first["choices"]] == ["1 < 2", r"a\*b", "no"]
    assert first["choices"][0] == {"text": "1 < 2", "correct": True, "why": "Yes\n\n*All* of you.\n"}
    assert described[1]["prompt"] == "One\\\ntwo\n"
    assert [described[n]["scoring"] for n in (1, 2)] == ["proportional", "proportional"]
    assert described[3]["choices"] == [{"text": "True", "why": "No."}, {"text": "False", "correct": True}]
    assert described[4] == {
        "id": "say", "kind": "text", "points": 1, "title": "Say", "prompt": "What?", "accept": ["a*b"],
        "case_sensitive": True, "why": "Right.",
    }  # fmt: skip
    assert (described[5]["correct"], described[5]["tolerance"]) == (-150, 0.5)
    assert described[6]["why"] == "Because."
    said = "\n".join(notes)
    for words in (
        "<script> is left out", "'http://x.y/z.png' is left out", "options that earn a part earn nothing here",
        "options that take points away take nothing here", "the option 'no' is there twice",
        "its hints are left out", "Uneven (line", "each right option earns the same",
        "'any*' is left out: it has a wildcard", "'half' is left out", "'*' is left out", "its units are left out",
        "the text that answers start from is left out", "Match (line", "no questions of the kind 'matching'",
        "no questions of the kind 'description'", "Empty (line", "none of its options is right",
        "2 of its options are right",
    ):  # fmt: skip
        assert words in said, words


def test_gift_of_others(tmp_path: Path) -> None:
    assignment, notes = make(tmp_path, read(tmp_path, GIFT))
    assert assignment.title == "From GIFT"
    described = yaml.safe_load((assignment.directory / "assignment.yaml").read_text())["questions"]
    assert [(q["id"], q["kind"]) for q in described] == [
        ("first", "choice"), ("two-plus-two", "text"), ("when-was-it", "numeric"), ("how-wide", "numeric"),
        ("grant-is-in-grant-s-tomb", "choice"), ("several", "multiple_choice"), ("is-it-so", "choice"), ("why", "text"),
        ("a-wild-one", "text"),
    ]  # fmt: skip
    assert described[0]["prompt"] == "Which **one**? {a: 1}"
    assert [choice["text"] for choice in described[0]["choices"]] == ["**wrong**", "right = it", r"a\*b"]
    assert described[0]["choices"][1] == {"text": "right = it", "correct": True, "why": "Everybody\nreads this.\n"}
    assert described[1]["accept"] == ["4", "four"]
    assert (described[2]["correct"], described[2]["tolerance"]) == (1822, 5)
    assert (described[3]["correct"], described[3]["tolerance"], described[3]["why"]) == (2, 0.5, "yes")
    assert described[4]["prompt"] == r"Grant is \_\_\_\_\_ in Grant's tomb."
    assert described[5]["scoring"] == "all_or_nothing"
    assert described[6]["choices"] == [
        {"text": "True", "why": "No, it is not."},
        {"text": "False", "correct": True, "why": "Right."},
    ]
    assert described[8]["accept"] == ["this"]
    said = "\n".join(notes)
    for words in (
        "options that take points away take nothing here", "GIFT holds no points", "no matching questions",
        "a text without a question", "its braces do not match", "has a wildcard", "does not earn all points",
        "(line 34)",
    ):  # fmt: skip
        assert words in said, words


def test_the_text_of_text2qti(tmp_path: Path) -> None:
    (tmp_path / "plot.png").write_bytes(PNG)
    assignment, notes = make(tmp_path, read(tmp_path, TEXT2QTI))
    assert (assignment.title, assignment.summary.strip()) == ("Arithmetic", "A few sums,\nin two lines.")
    quiz, _ = make_quiz(assignment)
    assert [(q.id, int(q.points)) for q in quiz.questions] == [
        ("a-sum", 2), ("which-are-even", 1), ("the-root-of-2", 1), ("a-third-of-10", 1), ("how-many", 1), ("who", 1),
        ("explain-a-plot-plot-png-and-gone-gone-png", 1), ("true", 3),
    ]  # fmt: skip
    first, second, *numbers, who, essay, truth = quiz.questions
    assert first.prompt == "What is 2+3?\n\n```python\nprint(2 + 3)\n```"
    assert isinstance(first.answer, Choices)
    assert [(o.text, o.correct, o.feedback) for o in first.answer.options] == [
        ("6", False, "One too many.\n\nLook again.\n\nFor everybody."),
        ("5", True, "Well done.\n\nFor everybody."),
    ]
    assert isinstance(second.answer, Choices)
    assert [option.correct for option in second.answer.options] == [False, True, True]
    assert not second.answer.single
    found = [number.answer for number in numbers]
    assert [(float(n.value), float(n.tolerance)) for n in found if isinstance(n, Number)] == [
        (1.4142, 0.0001), (3.35, 0.05), (200, 10),
    ]  # fmt: skip
    assert numbers[0].feedback == "By Newton."
    assert who.answer == Texts(("Ada", "Ada Lovelace"))
    assert essay.answer == Essay("Say why.")
    assert "](pictures/plot-" in essay.prompt
    assert "gone.png" not in essay.prompt
    assert isinstance(truth.answer, Choices)
    assert not Path("/tmp/owned").exists()
    said = "\n".join(notes)
    for words in (
        "settings of the quiz are left out", "the picture 'gone.png' cannot be read", "it asks for a file",
        "left out: it is a text without a question", "a group becomes its questions", "code in a quiz is not run",
        "'no idea' begins nothing known", "it has no answers",
    ):  # fmt: skip
        assert words in said, words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no quiz in a format that is known"),
        (b"PK\x03\x04rest", "this is a zip"),
        (b"<quiz><question>", "this is not XML"),
        (b"<html><body/></html>", "this is not Moodle XML: it begins with <html>"),
        (b"<quiz/>", "there is no question in it"),
        (b"\xff\xfe {}", "not XML"),
        (b"{=\xe4}", "byte 2 is no UTF-8"),
        (b"<!DOCTYPE quiz [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><quiz>&x;</quiz>", "document type"),
        (b"<!DOCTYPE quiz SYSTEM 'http://127.0.0.1:9/x.dtd'><quiz/>", "document type"),
        (b"<quiz>" * 200 + b"</quiz>" * 200, "nested more than 100 levels deep"),
        (b"<quiz>" * 5000, "not XML"),
        (b"<quiz>" + b"<a/>" * 1_000_001 + b"</quiz>", "more than 1,000,000 tags"),
        (b"Only { a text.", "no quiz in a format that is known"),
        (b"A } broken { one", "no question in it"),
    ],
)
def test_what_is_no_quiz_is_refused_in_words(content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        make(tmp_path, read(tmp_path, content))
    assert words in caught.value.message


def test_entities_do_not_grow(tmp_path: Path) -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    for use in ("<quiz>&e11;</quiz>", '<quiz x="&e11;"/>'):
        with pytest.raises(InputError):
            read(tmp_path, f'<!DOCTYPE quiz [<!ENTITY e0 "ha">{bomb}]>{use}')


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\\\nthree"),
        ("<b> a </b><i>b</i><em></em>", "**a** *b*"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"),
        ("<ol><li><p>a</p><p>b</p></li><li><p>c</p></li></ol>", "1. a\n\n   b\n\n2. c"),
        ("<h3>T</h3><h5>U</h5>", "# T\n\n### U"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("<pre><code class='language-python'>a\n  b</code></pre>", "```python\na\n  b\n```"),
        ("<pre>a<br>```<br>b</pre>", "````\na\n```\nb\n````"),
        ("<code>a`b</code> <code>`</code>", "``a`b`` `` ` ``"),
        ("<table><tr><th>a</th><th>b|c</th></tr><tr><td>1</td></tr></table>", "| a | b\\|c |\n| --- | --- |\n| 1 |  |"),
        (r"\(a_b &lt; c\) and \[x\] and $$y$$", "$a_b < c$ and $x$ and $y$"),
        ("<p>\\[a\n  b\\]</p>", "$$\na\nb\n$$"),
        ('<img class="equation_image" data-equation-content="x^2" src="/e/x">', "$x^2$"),
        (r"1 * 2 _x_ snake_case [a](b) # no", r"1 \* 2 \_x\_ snake_case \[a\](b) # no"),
        ("# a<br>- b<br>1. c<br>&gt; d<br>1.5<br>-1", "\\# a\\\n\\- b\\\n1\\. c\\\n\\> d\\\n1.5\\\n-1"),
        ("it costs $5 or $6 &amp;amp; &lt;b&gt;", r"it costs \$5 or \$6 \&amp; \<b>"),
        ('<a href="https://x.y/a b">t</a><a href="javascript:x">u</a><a href="https://x.y">v</a>', "tu[v](<https://x.y>)"),
        ("x<sup>2</sup><sub>i</sub>", "x^2_i"),
        ("<div>a<p>b</p>c</div><span>d</span>", "a\n\nb\n\nc\n\nd"),
        ("<!-- x -->a<style>b</style><iframe src='x'></iframe>", "a"),
        ("a<hr>b", "a\n\n---\n\nb"),
    ],
)  # fmt: skip
def test_html_becomes_markdown(html: str, markdown: str) -> None:
    assert to_markdown(html, lambda _: None) == markdown


@settings(max_examples=150, deadline=None)
@given(text=st.lists(st.sampled_from("*_`[]()<>#+-=|~!&\\$.:123 \nab"), max_size=25).map("".join))
def test_text_that_looks_like_markdown_stays_text(text: str) -> None:
    """Whatever plain text a page shows, its Markdown shows the same."""
    from html import escape

    from tests.lms_quizzes import visible

    html = f"<p>{escape(text)}</p>"
    if any(mark in text for mark in (r"\(", r"\[", "$$")):
        return  # formulas
    shown = Markup(None, Notes()).render(to_markdown(html, lambda _: None), "")
    assert visible(shown) == " ".join(text.split())
    assert shown.count("<p>") <= 1


@pytest.mark.parametrize("count", [200_000])
@pytest.mark.parametrize("piece", ["<code>`", "<pre>`", r"\(", "$$", "*", "<b>", "<p>", "<ul><li>", "&lt;", "`", "["])
def test_long_texts_are_read_in_bounded_time(piece: str, count: int) -> None:
    to_markdown(piece * (count // len(piece)), lambda _: None)


def test_texts_that_yaml_would_take_for_something_else_stay_texts(tmp_path: Path) -> None:
    words = [
        "1e3",
        "0o7",
        "0x1F",
        "007",
        "no",
        "true",
        "null",
        "12:30",
        ".5",
        "- a",
        "#x",
        "&a",
        "*a",
        "!a",
        "'",
        '"',
        "|",
        "a: b",
    ]
    answers = " ".join(f"=[plain]{re.sub(r'([=#:*])', lambda found: chr(92) + found.group(), word)}" for word in words)
    answers = answers.replace(r"\*", r"\\*")
    assignment, _ = make(tmp_path, read(tmp_path, f"::1e3::Say\n{{{answers}}}", Source.GIFT))
    quiz, _ = make_quiz(assignment)
    assert quiz.questions[0].answer == Texts(tuple(words))
    assert quiz.questions[0].title == "1e3"
