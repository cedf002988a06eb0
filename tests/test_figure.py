"""Figures that students draw, in real workers: what checks see of them, and what reaches a report."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from grader.checks import read_checks
from grader.engine import Examiner
from grader.examiner import paths
from grader.examiner.exceptions import WorkerLost
from grader.examiner.expect import Expectation, expect_figure
from grader.examiner.figure import MAX_PICTURE_BYTES, make_picture, read_figure
from grader.examiner.workers import Zygote
from grader.grading import Setup, grade_submissions
from grader.report.content import Reader, SubmissionInfo, build_report
from grader.report.data import to_json
from grader.report.pages import to_html
from grader.results import Outcome
from grader.spec import load_assignment
from grader.submission import Submission
from tests.workers import FILE, student

pytest.importorskip("matplotlib")

SOURCE = """
import torch
from matplotlib.figure import Figure
import matplotlib.pyplot as plt


def draw(x):
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.scatter(x, 2 * x, label="points")
    axes.plot(x, x, label="a line")
    axes.plot(x, -x, "o", label="dots")
    axes.axline((0, 1), slope=2, label="without end")
    axes.set(xlabel="x", ylabel="y", title="What is drawn")
    axes.legend()
    figure.suptitle("All of it")
    figure.add_subplot().axvline(1)
    return figure


def by_pyplot(x):
    plt.plot(x, x)
    return plt.gcf()


def large(x):
    return plt.figure(figsize=(500, 1), dpi=1000)


def undrawable(x):
    figure = Figure(figsize=(3, 3))
    figure.add_subplot().set_title("$\\\\frac{$")
    return figure


def crowded(x):
    figure = Figure()
    for _ in range(20):
        axes = figure.add_axes((0, 0, 1, 1))
    for _ in range(300):
        figure.axes[0].plot([0, 1], [0, 1], label="long" * 1000)
    figure.axes[0].plot(range(100_000), range(100_000))
    return figure


def axes(x):
    return Figure().add_subplot()


def nothing(x):
    draw(x)


def liar(x):
    class Pretends:
        __class__ = Figure
        def __getattr__(self, name):
            return lambda *arguments: ["x"] * 10**6
        axes = []
        legends = []
        get_suptitle = lambda self: "t" * 10**6
    return Pretends()
"""


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    zygote = Zygote()
    warm = ["matplotlib.pyplot", "matplotlib.backends.backend_agg"]
    zygote.configure(warm=warm, readable=paths.list_readable(()), writable=paths.DEVICES, isolated=True)
    yield zygote
    zygote.close()


X = torch.linspace(-2, 2, 5)


def read_pixels(picture: bytes) -> tuple[int, int, bytes]:
    """Return width, height and rows of a PNG, after a look at its checksums."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    chunks = {}
    rest = io.BytesIO(picture[8:])
    while size := rest.read(4):
        kind = rest.read(4)
        data = rest.read(int.from_bytes(size))
        assert zlib.crc32(kind + data) == int.from_bytes(rest.read(4))
        chunks[kind] = data
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, colour) == (8, 2)
    rows = zlib.decompress(chunks[b"IDAT"])
    assert len(rows) == height * (1 + 3 * width)
    return width, height, rows


def test_what_is_drawn(zygote: Zygote) -> None:
    with student(zygote, SOURCE) as (module, own):
        figure = expect_figure(module.draw(X))
        assert own.picture is not None
        width, height, rows = read_pixels(own.picture)
    first, second = figure.axes
    assert (figure.title, first.title, first.x_label, first.y_label) == ("All of it", "What is drawn", "x", "y")
    assert figure.legend == first.legend == ("points", "a line", "dots", "without end")
    assert [line.label for line in first.lines] == ["a line", "dots", "without end"]
    assert [line.joined for line in first.lines] == [True, False, True]
    torch.testing.assert_close(first.lines[0].points, torch.stack([X, X], 1).double())
    (start, end) = first.lines[2].points.tolist()
    assert start[1] == pytest.approx(1 + 2 * start[0])
    assert end[0] > 1
    assert [cloud.label for cloud in figure.clouds] == ["points", "dots"]
    torch.testing.assert_close(figure.clouds[0].points, torch.stack([X, 2 * X], 1).double())
    assert len(figure.lines) == 3
    assert len(second.lines) == 1
    assert (width, height) == (560, 400)
    assert len(set(rows)) > 20


@pytest.mark.parametrize("name", ["by_pyplot", "large"])
def test_other_ways_to_draw(zygote: Zygote, name: str) -> None:
    with student(zygote, SOURCE) as (_, own):
        figure = expect_figure(getattr(own.load(FILE, 0), name)(X))
    assert len(figure.axes) == (name == "by_pyplot")


def test_a_picture_has_a_size_that_a_report_can_take(zygote: Zygote) -> None:
    with student(zygote, SOURCE) as (module, own):
        expect_figure(module.large(X))
        assert own.picture is not None
        width, height, _ = read_pixels(own.picture)
        assert width <= 640
        assert height <= 480


def test_what_is_more_than_anyone_looks_at_is_left_out_and_said(zygote: Zygote) -> None:
    with student(zygote, SOURCE) as (module, _):
        figure = module.crowded(X).handle_figure()
        with pytest.raises(Expectation, match=r"The result has more than 16 axes, or more than 100 lines in one: draw"):
            expect_figure(module.crowded(X))
    assert not figure.whole
    assert len(figure.axes) == 16
    assert len(figure.axes[0].lines) == 100
    assert len(figure.axes[0].lines[0].label) == 200


UPRIGHT = """
from matplotlib.figure import Figure

def draw(ends):
    figure = Figure()
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 2])
    axes.axline((3, 0), ends)
    return figure
"""


@pytest.mark.parametrize(("ends", "place"), [((3, 1), [3.0, 3.0]), ((4, 1), None)], ids=["upright", "sloping"])
def test_a_line_without_ends_reaches_from_side_to_side(
    zygote: Zygote, ends: tuple[int, int], place: list[float] | None
) -> None:
    with student(zygote, UPRIGHT) as (module, _):
        points = expect_figure(module.draw(ends)).lines[1].points
    x, y = points.T
    assert points.isfinite().all()
    assert (x.tolist() == place) if place else torch.allclose(y, x - 3)


def test_what_cannot_be_drawn_is_looked_at_all_the_same(zygote: Zygote) -> None:
    with student(zygote, SOURCE) as (module, own):
        assert expect_figure(module.undrawable(X)).axes[0].title == "$\\frac{$"
        assert own.picture is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("axes", r"The figure should be a matplotlib figure, but it is an object \(<object, the submission's>\)\."),
        ("nothing", r"The figure should be a matplotlib figure, but it is None: is a return statement missing\?"),
    ],
)
def test_what_is_no_figure(zygote: Zygote, name: str, words: str) -> None:
    with student(zygote, SOURCE) as (module, _), pytest.raises(Expectation, match=words):
        expect_figure(getattr(module, name)(X), name="the figure")


def test_what_only_says_it_is_one(zygote: Zygote) -> None:
    with student(zygote, SOURCE) as (module, _):
        assert len(expect_figure(module.liar(X)).title) <= 200


FORGED = """
import torch
from grader.sandbox.worker import Worker
line = {{"label": "a", "points": torch.zeros(2, 2).double(), "joined": True}}
axes = {{"title": "", "x_label": "", "y_label": "", "lines": [line], "clouds": [], "legend": []}}
figure = {{"title": "", "axes": [axes], "legend": [], "whole": True}}
pixels = torch.zeros(4, 4, 4).byte()
{change}
Worker._figure = lambda self, request: self._reply({answer})
class Drawn: pass
def draw():
    return Drawn()
"""


def test_a_forgery_that_keeps_to_the_form_is_a_figure(zygote: Zygote) -> None:
    with student(zygote, FORGED.format(change="", answer="[figure, pixels]")) as (module, own):
        assert expect_figure(module.draw()).axes[0].lines[0].label == "a"
        assert own.picture is not None
        own.load(FILE, 0)
        assert own.picture is None


@pytest.mark.parametrize(
    "change",
    [
        "figure = 3",
        "figure = None",
        "figure = {}",
        "figure['title'] = 3",
        "figure['whole'] = 1",
        "figure['title'] = 'x' * 201",
        "figure['more'] = 1",
        "figure['axes'] = axes",
        "figure['axes'] = [axes] * 17",
        "figure['axes'] = [[axes]]",
        "axes['lines'] = [line] * 101",
        "axes['lines'] = 'abc'",
        "line['points'] = torch.zeros(2, 2)",
        "line['points'] = torch.zeros(2, 3).double()",
        "line['points'] = torch.zeros(10_001, 2).double()",
        "line['points'] = [[0.0, 0.0]]",
        "line['joined'] = 1",
        "axes['legend'] = [1]",
        "axes['legend'] = ['a'] * 101",
        "pixels = 1",
        "pixels = torch.zeros(4, 4, 4)",
        "pixels = torch.zeros(4, 4, 3).byte()",
        "pixels = torch.zeros(0, 4, 4).byte()",
        "pixels = torch.zeros(481, 4, 4).byte()",
        "pixels = torch.zeros(4, 641, 4).byte()",
        "pixels = torch.zeros(4, 4).byte()",
    ],
)
def test_forgeries_that_do_not(zygote: Zygote, change: str) -> None:
    with (
        student(zygote, FORGED.format(change=change, answer="[figure, pixels]")) as (module, _),
        pytest.raises(WorkerLost) as caught,
    ):
        expect_figure(module.draw())
    assert caught.value.outcome is Outcome.CRASHED


@pytest.mark.parametrize(
    "answer", ["7", "[]", "[figure]", "[figure, pixels, 1]", "'fp'", "(x for x in [figure, pixels])"]
)
def test_answers_that_are_none(zygote: Zygote, answer: str) -> None:
    with student(zygote, FORGED.format(change="", answer=answer)) as (module, _), pytest.raises(WorkerLost):
        expect_figure(module.draw())


def test_pixels_become_a_picture_on_white() -> None:
    pixels = torch.tensor([[[255, 0, 0, 255], [0, 0, 0, 0], [0, 0, 0, 128]]], dtype=torch.uint8)
    picture = make_picture(pixels)
    assert picture is not None
    assert read_pixels(picture) == (3, 1, bytes([0, 255, 0, 0, 255, 255, 255, 127, 127, 127]))
    assert make_picture(None) is None
    noise = torch.randint(256, (480, 640, 4), dtype=torch.uint8)
    assert make_picture(noise) is None
    assert noise.nbytes > MAX_PICTURE_BYTES


def test_figures_of_trusted_code_are_read_the_same_way() -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    figure.add_subplot(title="here").plot([0, 1], [1, 2])
    assert expect_figure(figure).axes[0].title == "here"
    with pytest.raises(Expectation, match="it is None: is a return"):
        expect_figure(None)
    with pytest.raises(ValueError):
        read_figure({"title": ""})


YAML = """\
format: 1
id: drawn
title: Drawn
summary: A figure.
questions:
  - {id: drawn, kind: code, points: 2, prompt: Write it., file: drawn.py, starter: "def draw(): ...\\n"}
"""
CHECK = '''\
import pytest
from grader.examiner.expect import expect_figure


@pytest.mark.points(1)
def test_NAME(submission):
    """It draws."""
    assert expect_figure(submission.draw()).lines
'''
RIGHT = """
from matplotlib.figure import Figure


def draw():
    figure = Figure()
    figure.add_subplot().plot([0, 1], [1, 0])
    return figure
"""


def test_a_report_shows_what_was_drawn_of_hidden_checks_to_instructors_only(tmp_path: Path) -> None:
    for name, text in {
        "assignment.yaml": YAML,
        "checks/public/test_public.py": CHECK.replace("NAME", "public"),
        "checks/hidden/test_hidden.py": CHECK.replace("NAME", "hidden"),
        "solutions/plain.py": RIGHT,
    }.items():
        path = tmp_path / "drawn" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assignment = load_assignment(tmp_path / "drawn")
    with Examiner() as examiner:
        work = [Submission({"drawn.py": RIGHT.encode()})]
        ((_, grade),) = grade_submissions(examiner, assignment, read_checks(assignment), work, Setup())
    assert [check.outcome for check in grade.questions[0].checks] == [Outcome.PASSED, Outcome.PASSED]
    for reader, shown in ((Reader.STUDENT, [True, False]), (Reader.INSTRUCTOR, [True, True])):
        report = build_report(grade, SubmissionInfo("ada"), reader)
        figures = [check["figure"] for check in to_json(report)["questions"][0]["checks"]]
        assert [figure is not None for figure in figures] == shown
        scheme, _, data = figures[0].partition(",")
        assert scheme == "data:image/png;base64"
        assert read_pixels(base64.b64decode(data))[:2] == (512, 384)
        assert to_html(report).count('src="data:image/png;base64,') == sum(shown)
