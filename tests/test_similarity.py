"""``grader similar``: copies are found whatever they look like, what everybody has is not, and nobody is accused."""

from __future__ import annotations

import csv
import io
import random
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import similarity
from grader.cli.similarity import MOST_OF_ONE, MOST_PAGES
from grader.display import clean_text
from grader.gradebook import Gradebook
from grader.report.similar import (
    FOLD_FROM,
    MAX_LINE,
    PairView,
    Side,
    SimilarAssignment,
    show_files,
    to_pair_html,
    to_similar_html,
)
from grader.resources import find_data
from grader.roster import Roster, RosterStudent
from grader.similarity import (
    GRAM,
    MAX_WORDS,
    MIN_PRINTS,
    WINDOW,
    Code,
    Comparison,
    Pair,
    Prints,
    compare,
    count_same_lines,
    find_parts,
    hash_grams,
    read_given,
    read_words,
    take_prints,
)
from grader.spec import load_course
from grader.submission import Submission
from tests.browser import PHONE, Open, chromium, visit
from tests.disguises import DISGUISES, copy_half, make_program
from tests.shell import Shell, write
from tests.test_report import Page

__all__ = ["chromium", "visit"]  # fixtures

COURSE = find_data("assignments")
SOURCES = {
    path.stem: path.read_text()
    for name in ("outlier-comparison", "ranking-losses", "loss-pitfalls")
    for path in sorted((COURSE / name / "solutions").glob("*.py"))
}
LONG, OTHER = (COURSE / "outlier-comparison" / "solutions" / name for name in ("a_reference.py", "b_step_by_step.py"))
NOTHING: frozenset[int] = frozenset()
ALL = Fraction(0)


def prints_of(source: str, student: str, given: frozenset[int] = NOTHING, **more: Any) -> Prints:
    return take_prints(Code(f"id-{student}", (student,), {"answer.py": source}, **more), given)


def compare_two(first: str, second: str, given: frozenset[int] = NOTHING) -> Comparison:
    return compare([prints_of(first, "ada", given), prints_of(second, "bob", given)], ALL)


def score_of(first: str, second: str) -> Fraction:
    found = compare_two(first, second)
    assert found.compared == 2
    return found.pairs[0].score if found.pairs else ALL


def keys_of(source: str) -> str:
    return " ".join(word.key for word in read_words({"answer.py": source})[0])


# What changes nothing


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("disguise", ["renamed", "commented", "reformatted"])
def test_other_names_comments_and_formatting_change_nothing(name: str, disguise: str) -> None:
    source = SOURCES[name]
    copied = DISGUISES[disguise](source)
    assert copied != source
    assert keys_of(copied) == keys_of(source)


def test_reordered_functions_stay_alike() -> None:
    assert score_of(LONG.read_text(), DISGUISES["reordered"](LONG.read_text())) > Fraction(8, 10)
    assert score_of(LONG.read_text(), OTHER.read_text()) < Fraction(3, 10)


@pytest.mark.parametrize(
    ("source", "same"),
    [
        ("x = (a + b)", "x = a + b"),
        ("def f(x: int = 3, *, y: dict[str, int]) -> list[int]:\n    return x", "def f(x=3, *, y):\n    return x"),
        ("def f(x, key=lambda one: one):\n    pass", "def f(x, key=lambda two: two):\n    pass"),
        ("total: float = 0", "total = 0"),
        ("self.total: float = 0", "self.total = 0"),
        ("import torch\nfrom torch import (\n    nn,\n    Tensor,\n)\nx = 1", "x = 1"),
        ('def f():\n    """Words."""\n    return 1', "def f():\n    return 1"),
        ("f(a,\n  b,\n)", "f(a, b)"),
        ("x = 1; y = 2", "x = 1\ny = 2"),
        ("x = a \\\n    + b", "x = a + b"),
        ("return (a, b)", "return a, b"),
        ("(a,) = b", "a, = b"),
        ("x = 'a'", 'y = r"""b\n"""'),
        ("x = f'{a[\"b\"]}'", "x = ''"),
        ("def g(\n", "def g("),
        ("s = 'never ends\ny = 1", "s = 'never ends'\ny = 1"),
        ("x = 1  # a path\\\nimport torch\ny = 2", "x = 1\ny = 2"),
        ("x = f(\ndef g():\n    'Words.'\n    return 2", "x = f(\ndef g():\n    return 2"),
    ],
)
def test_what_is_written_in_two_ways_is_the_same(source: str, same: str) -> None:
    assert keys_of(source) == keys_of(same)


@pytest.mark.parametrize(
    ("source", "other"),
    [
        ("x = a + b", "x = a - b"),
        ("x = torch.exp(a)", "x = torch.log(a)"),
        ("f(a)", "f[a]"),
        ("x: int = f(y)", "x = g"),
        ("if x == 1: pass", "if x <= 1: pass"),
    ],
)
def test_what_computes_something_else_is_not_the_same(source: str, other: str) -> None:
    assert keys_of(source) != keys_of(other)


def test_a_syntax_error_loses_no_code() -> None:
    broken = LONG.read_text().replace("def ", "def (", 1) + "\nx = '''never ends\n)]}"
    assert score_of(LONG.read_text(), broken) > Fraction(9, 10)
    unclosed = "from torch import (nn\nx = f(y)\nz = x + 1\n"
    assert keys_of(unclosed) == keys_of("= f(y)\nz = x + 1\n")


def test_a_method_without_self_hides_nothing() -> None:
    trick = "def __init__():\n    pass\n"
    assert keys_of(f"{trick}x = f(y).exp()").endswith("x = x ( x ) . exp ( )")
    assert keys_of("class A:\n    def __init__(me):\n        me.gamma, y = 1\n").endswith(": x . x , x = 0")


# Copies and work of one's own


def made_class() -> dict[str, dict[str, str]]:
    """Every solution of the course, copies of it in disguise, and work that holds half of it; by assignment."""
    made: dict[str, dict[str, str]] = {}
    course = load_course(COURSE)
    for name in course.assignments:
        solutions = sorted((COURSE / name / "solutions").glob("*.py"))
        sources = {path.stem: path.read_text() for path in solutions}
        copies = {f"{stem}, {how}": DISGUISES[how](text) for stem, text in sources.items() for how in DISGUISES}
        made[name] = sources | copies
    return made


def test_every_copy_is_above_all_work_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The 210 copies have 0.75 at least, what was written independently 0.30 at most, in the median 0.04.

    On the same files copydetect 0.5.0 with its own constants gives copies 0.37 at least, and others 0.47 at most.
    """
    monkeypatch.setattr(similarity, "MIN_PRINTS", 1)
    copied, others = [], []
    course = load_course(COURSE)
    for name, sources in made_class().items():
        known = read_given({str(n): one.starter for n, one in enumerate(course.load(name).code_questions)})
        own = {who: prints_of(text, who, known).prints for who, text in sources.items()}
        for first, second in combinations(own, 2):
            score = Fraction(len(own[first] & own[second]), min(len(own[first]), len(own[second])))
            if first.split(",")[0] != second.split(",")[0]:
                others.append(score)
            elif "," not in first:
                copied.append(score)
    assert (len(copied), len(others)) == (210, 3024)
    assert min(copied) >= Fraction(3, 4)
    assert max(others) <= Fraction(3, 10)
    assert sorted(others)[len(others) // 2] < Fraction(5, 100)


def test_half_of_a_program_is_found_in_other_work() -> None:
    mixed = copy_half(make_program(1), make_program(2))
    assert score_of(make_program(1), mixed) > Fraction(3, 10)
    assert score_of(make_program(2), mixed) == 1  # its own half
    (pair,) = compare_two(make_program(2), mixed).pairs
    assert pair.shares[0] == 1
    assert pair.shares[1] < Fraction(8, 10)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_made_programs(one: int, other: int, chance: random.Random) -> None:
    """Blanks, blank lines, comments and names wherever they may stand change nothing; other programs are not alike."""
    source = make_program(one)
    names = dict(zip("abc", chance.sample(["alpha", "größe", "_q", "x1"], 3), strict=True))
    lines = []
    for line in source.splitlines():
        new = re.sub(r"\b[abc]\b", lambda found: names[found[0]], line)
        new = new.replace(", ", chance.choice([",", ",  ", ",\t", ", \\\n   "])) + chance.choice(["", "  # why", "   "])
        lines += [*chance.choice([[], [""], ['# \'a\' """ (']]), new]
    assert score_of(source, "\n".join(lines)) == 1
    if one != other:
        assert score_of(source, make_program(other)) < Fraction(3, 10)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 50), st.integers(0, 50))
def test_which_comes_first_changes_nothing(one: int, other: int) -> None:
    mixed = copy_half(make_program(one), make_program(other))
    there, back = compare_two(make_program(one), mixed), compare_two(mixed, make_program(one))
    assert there.bins == back.bins
    for pair, same in zip(there.pairs, back.pairs, strict=True):
        assert (pair.score, pair.shared) == (same.score, same.shared)
        assert pair.shares == same.shares[::-1]


def test_the_order_of_students_changes_nothing() -> None:
    everybody = [prints_of(make_program(number // 2), f"s{number:02}") for number in range(30)]
    first = compare(everybody, ALL)
    assert [(pair.first.id, pair.second.id) for pair in first.pairs[:2]] == [("id-s00", "id-s01"), ("id-s02", "id-s03")]
    for seed in range(3):
        assert compare(random.Random(seed).sample(everybody, 30), ALL) == first


def test_what_fifteen_words_share_is_found() -> None:
    """GRAM + WINDOW - 1 words in a row share a print for certain, whatever stands around them."""
    shared = "q.alpha(q).beta[q] % q.gamma"
    assert len(keys_of(shared).split()) == GRAM + WINDOW - 1
    for seed in range(200):
        first, second = (f"{make_program(n, 3)}\n{shared}\n{make_program(n + 7, 3)}" for n in (seed, seed + 1000))
        assert prints_of(first, "a").prints & prints_of(second, "b").prints


# What does not count


def test_the_stub_alone_gives_no_pair() -> None:
    stub = LONG.read_text()
    known = read_given({"answer.py": stub})
    assert not prints_of(stub, "ada", known).prints
    assert not prints_of(DISGUISES["renamed"](stub), "ada", known).prints
    short = [prints_of(f"{stub}\nanswer_{who} = {number}\n", who, known) for number, who in enumerate("abcdef")]
    found = compare(short, ALL)
    assert (found.compared, found.pair_count, len(found.short)) == (0, 0, 6)
    more = [prints_of(stub + make_program(number), who, known) for number, who in enumerate("abc")]
    found = compare(more, Fraction(3, 10))
    assert (found.compared, found.pairs) == (3, ())


def test_common_idioms_do_not_count() -> None:
    idiom = make_program(99)
    few = [prints_of(make_program(n) + idiom * (n < 4), f"s{n}") for n in range(14)]
    assert len(compare(few, Fraction(3, 10)).pairs) == 6  # four of fourteen: every two of them
    many = [prints_of(make_program(n) + idiom * (n < 5), f"s{n}") for n in range(14)]
    found = compare(many, Fraction(3, 10))
    assert found.pairs == ()  # five, more than a third
    assert found.common
    large = [prints_of(make_program(n) + idiom * (n < 5), f"s{n}") for n in range(40)]
    assert len(compare(large, Fraction(3, 10)).pairs) == 10


def test_many_who_hand_in_one_file_do_not_hide_it() -> None:
    copied = make_program(99)
    ring = [prints_of(copied, f"r{n}") for n in range(8)]
    found = compare([*ring, *(prints_of(make_program(n), f"s{n}") for n in range(4))])
    assert len(found.pairs) == 28
    assert {pair.score for pair in found.pairs} == {1}


def test_too_little_code_is_not_compared() -> None:
    line = "x = f(y)[0] + g.exp(z)\n"
    assert len(prints_of(line, "a").prints) < MIN_PRINTS
    found = compare_two(line, line)
    assert (found.compared, found.pairs, [one.id for one in found.short]) == (0, (), ["id-ada", "id-bob"])
    assert compare([]).pairs == ()
    assert compare([prints_of(make_program(1), "a")]).pair_count == 0


def test_members_of_a_group_and_attempts_are_never_a_pair() -> None:
    program = make_program(1)
    group = frozenset({"ada", "bob"})
    own = [prints_of(program, "ada", party=group), prints_of(program + "\nx = 1\n", "bob", party=group)]
    again = take_prints(Code("id-again", ("ada",), {"answer.py": program}, group), NOTHING)
    assert compare([*own, again]).pair_count == 0
    found = compare([*own, again, prints_of(program, "cleo")])
    assert found.pair_count == 1  # of all attempts the two that are most alike
    assert [pair.second.students for pair in found.pairs] == [("cleo",)]
    assert found.pairs[0].first.prints == found.pairs[0].second.prints


def test_groups_that_changed_are_no_pair_either() -> None:
    program = make_program(1)
    alone, both = (prints_of(program, who, party=frozenset(party)) for who, party in (("ada", "a"), ("bob", "ab")))
    other = prints_of(program, "cleo", party=frozenset("b"))
    assert [(pair.first.id, pair.second.id) for pair in compare([both, other, alone]).pairs] == [("id-ada", "id-cleo")]


# Where the parts are


def parts_of(first: Mapping[str, str], second: Mapping[str, str], given: frozenset[int] = NOTHING) -> Any:
    left, right = (take_prints(Code(n, (n,), files), given) for n, files in (("a", first), ("b", second)))
    pair = Pair(left, right, len(left.prints & right.prints), (len(left.prints), len(right.prints)))
    return find_parts(pair, first, second, given)


def marked(files: Mapping[str, str], segments: Iterable[similarity.Segment]) -> str:
    return "\n".join(files[one.file].split("\n")[one.line - 1][one.start : one.end] for one in segments)


def test_a_part_is_the_same_code_on_both_sides() -> None:
    first = {"a.py": f"# mine\n{make_program(1)}", "more.py": make_program(2)}
    second = {"b.py": DISGUISES["renamed"](make_program(2)) + DISGUISES["commented"](make_program(1))}
    parts = parts_of(first, second)
    assert [{segment.file for segment in part.first} for part in parts] == [{"a.py"}, {"more.py"}]
    assert parts[0].second[0].line > parts[1].second[0].line
    for part in parts:
        left, right = marked(first, part.first), marked(second, part.second)
        assert "#" not in left + right
        assert [word.key for word in read_words({"": left})[0]] == [word.key for word in read_words({"": right})[0]]
        assert len(read_words({"": left})[0]) == part.words


def test_what_counts_for_nobody_is_in_no_part() -> None:
    stub, own = make_program(1), make_program(2)
    files = {"a.py": own + stub + make_program(3)}
    parts = parts_of(files, files, read_given({"a.py": stub}))
    lines = {segment.line for part in parts for segment in part.first}
    start = own.count("\n")
    inside = set(range(start + 2, start + stub.count("\n") - 1))
    assert len(inside) > 20
    assert not lines & inside
    assert len(lines) > 60


def test_no_word_is_in_two_parts() -> None:
    once, thrice = {"a.py": make_program(1)}, {"b.py": make_program(1) * 3}
    for first, second in ((once, thrice), (thrice, once), (thrice, thrice)):
        for side in ("first", "second"):
            places = [
                (one.line, column)
                for part in parts_of(first, second)
                for one in getattr(part, side)
                for column in range(one.start, one.end)
            ]
            assert len(places) == len(set(places))


def test_lines_to_the_letter() -> None:
    first = {"a.py": "x = 1\n# how I see it myself\n    total = alpha + beta\nelse:\nfrom torch import nn\n"}
    second = {"b.py": "# how I see it myself\ntotal = alpha + beta\ntotal = alpha + beta\nelse:\nfrom torch import nn"}
    assert count_same_lines(first, second, {"a.py": "from torch import nn\n"}) == 2
    assert count_same_lines(first, {"b.py": DISGUISES["renamed"](make_program(1))}, {}) == 0


# Hostile input

PIECES = [
    "x",
    "def ",
    "class",
    "import ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "'",
    '"',
    '"""',
    "'''",
    "\\",
    "\n",
    " ",
    "#",
    ":",
    ",",
    "=",
]
PIECES += [
    "->",
    "lambda",
    ";",
    "1e",
    ".",
    "self",
    "\0",
    "\ud800",
    "é",
    "f'",
    "\u2028",
    "\t",
    "async",
    "match",
    "\x0c",
    "0x",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=60).map("".join), st.integers(1, 40))
def test_whatever_a_file_holds_it_is_read(text: str, times: int) -> None:
    files = {"a.py": text * times, "b.py": text}
    words, _ = read_words(files)
    for word, after in pairwise(words):
        assert word.start < word.end <= len(files[word.file])
        assert word.end <= after.start or word.file != after.file
    assert len(hash_grams(words)) == max(0, len(words) - GRAM + 1)
    parts = parts_of(files, files)
    shown = show_files(files, [part.first for part in parts])
    for view, whole in zip(shown, files.values(), strict=True):
        for line in view.lines:
            if not line.folded:
                source = whole.split("\n")[line.number - 1]
                pieces = "".join(piece.text for piece in line.pieces)
                assert pieces == clean_text(source).replace("\n", " ") or len(source) > MAX_LINE or not source.isascii()


HOSTILE = {
    "brackets": "(" * 100_000,
    "calls": "f(" * 100_000 + ")" * 100_000,
    "long strings that do not end": '"""\\' * 250_000,
    "strings that do not end": '"\\' * 500_000,
    "both kinds of quote": "'''" + '"""\\"' * 200_000,
    "docstrings": '""\n' * 300_000,
    "imports": "import a\n" * 100_000,
    "an import that does not end": "from x import (" + "a," * 300_000,
    "comments": "#\n" * 500_000,
    "semicolons": ";" * 1_000_000,
    "line breaks": " " * 500_000 + "\n" * 500_000,
    "continued lines": "\\\n" * 400_000,
    "definitions": "def f(" * 100_000,
    "annotations": "def f(x:(" * 100_000,
    "variables": "x:" * 300_000,
    "results": "def f()->" * 100_000,
    "one number": "1e" * 500_000,
    "sums": "1+" * 500_000,
    "commas": ",)" * 300_000,
    "surrogates": "\ud800x = '\udfff'\n" * 50_000,
    "noise": bytes(random.Random(1).choices(range(256), k=500_000)).decode("latin-1"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_made_to_cost_much_costs_little(name: str) -> None:
    """What is kept of it is bounded, and no expression looks at its text again and again: that would take hours."""
    files = {"a.py": HOSTILE[name]}
    words, is_cut = read_words(files)
    assert len(words) <= MAX_WORDS
    assert is_cut or len(words) < MAX_WORDS
    assert len(prints_of(HOSTILE[name], "ada").prints) <= MAX_WORDS
    assert sum(part.words for part in parts_of(files, files)) <= MAX_WORDS


def count_steps(work: Callable[[], object]) -> int:
    """Return how many lines of grader/similarity.py run, however fast the machine is."""
    steps = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal steps
        if frame.f_code.co_filename != similarity.__file__:
            return None
        steps += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return steps


@pytest.mark.parametrize(
    "make",
    [
        lambda times: "f(" * times,
        lambda times: "x = f(x) + 1\n" * times,
        lambda times: "def f(x:" * times,
        lambda times: "x\n" * times,
        lambda times: "f(1)[2]." * times + "if x:\n y" * times,
        lambda times: "".join(make_program(n % 3, 5) for n in range(times // 40)),
    ],
)
def test_work_grows_with_the_length_and_no_faster(make: Callable[[int], str]) -> None:
    def work(times: int) -> Callable[[], object]:
        files = {"a.py": make(times)}
        return lambda: parts_of(files, files)

    few, many = count_steps(work(200)), count_steps(work(800))
    assert few > 200
    assert many <= 5 * few


def test_equal_code_that_is_in_no_part_is_passed_over_once() -> None:
    """Where every run is equal but holds no print that counts."""

    def work(statements: int) -> int:
        files = {"a.py": make_program(1, statements)}
        empty = Prints("a", ("a",), frozenset(), NOTHING, "")
        assert find_parts(Pair(empty, empty, 0, (1, 1)), files, files, NOTHING) == []
        return count_steps(lambda: find_parts(Pair(empty, empty, 0, (1, 1)), files, files, NOTHING))

    assert work(80) <= 5 * work(20)


def test_a_pair_costs_one_step_however_much_it_shares() -> None:
    """Forty students who share thousands of prints cost as many steps as forty who share a few."""

    def work(length: int) -> int:
        shared = frozenset(range(length))
        everybody = [Prints(str(n), (str(n),), frozenset([str(n)]), shared | {-n}, str(n)) for n in range(40)]
        masks = similarity._Masks(everybody, NOTHING)
        parties = [[similarity._Masked(one, masks.of(one), len(one.prints))] for one in everybody]
        return count_steps(lambda: similarity._compare_parties(parties, Fraction(2)))

    assert work(5000) == work(20)


# The command

STARTER = """\
      def score(a, b, c):
          \"\"\"Return the score.\"\"\"
          raise NotImplementedError
"""
YAML = """\
format: 1
id: {id}
title: {title}
summary: S
{keys}
questions:
  - id: score
    kind: code
    points: 1
    prompt: canary-prompt
    file: score.py
    starter: |
{starter}"""
QUIZ = """\
format: 1
id: quiz
title: A quiz
summary: S
questions:
  - {id: why, kind: text, points: 1, prompt: Why?}
"""
AT = datetime(2026, 11, 1, 9, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>&amp;\"'"  # a name that a student may have: there is no slash in it


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    course = {
        "course.yaml": "title: A <b>course</b>\nassignments: [score, quiz, pairs]\n",
        "quiz/assignment.yaml": QUIZ,
    }
    for name, keys in (("score", ""), ("pairs", "groups: true")):
        yaml = YAML.format(id=name, title=f"The <i>{name}</i>", keys=keys, starter=STARTER)
        hidden = "def test_one(submission):\n    '''canary-check'''\n"
        course |= {f"{name}/assignment.yaml": yaml, f"{name}/checks/hidden/test_hidden.py": hidden}
        course |= {f"{name}/solutions/a.py": f"# canary-solution\n{make_program(5)}"}
    return Shell(tmp_path, write(tmp_path / "course", course))


def hand_in(shell: Shell, work: Sequence[tuple[str, str | bytes]], assignment: str = "score") -> list[str]:
    ids = []
    with Gradebook.open(shell.folder / "state") as gradebook:
        for number, (student, source) in enumerate(work):
            files = {"score.py": source if isinstance(source, bytes) else source.encode()}
            entry = gradebook.submit(student, assignment, Submission(files), AT + timedelta(hours=number))
            ids.append(entry.id)
    return ids


def pages_of(folder: Path) -> dict[str, Page]:
    return {str(path.relative_to(folder)): Page(path.read_text()) for path in sorted(folder.rglob("*.html"))}


def test_a_class_from_the_gradebook_to_the_pages(shell: Shell) -> None:
    program = make_program(1)
    hand_in(
        shell,
        [
            ("ada", program),
            (EVIL, DISGUISES["renamed"](program) + "# </mark><script>alert(1)</script>{{ 7 * 7 }} \u202egpj\n"),
            ("cleo", make_program(2)),
            ("dan", "x = 1\n"),
            ("eve", b"\xff\xfe\x00" + make_program(3).encode("utf-16-le")),
        ],
    )
    answer = shell("similar", "--out", "alike")
    assert (answer.code, answer.err) == (0, "")
    assert re.search(r"^score +4 +1 +6 +1$", answer.out, re.MULTILINE)
    assert "read both sides before you conclude anything" in answer.out
    assert answer.out.endswith("alike/index.html\n")
    pages = pages_of(shell.folder / "alike")
    assert list(pages) == ["index.html", "pairs/score-001.html"]
    index, pair = pages.values()
    assert "The <i>score</i> score · 4 submissions compared, 6 pairs, 1 alike · 1 not compared" in index.text
    assert "That can have many reasons." in index.text
    assert "For instructors only" in index.text
    assert f"{EVIL} and ada" in index.text
    assert "A quiz" not in index.text
    links = {found["href"] for found in index.found("a")}
    assert links == {"pairs/score-001.html", "pairs/score-001.html#a", "pairs/score-001.html#b", "pairs.csv"}
    assert "That can have many reasons" in pair.text
    assert "# </mark><script>alert(1)</script>{{ 7 * 7 }} gpj" in pair.text
    assert {found["href"] for found in pair.found("a")} == {"../index.html", "#a1", "#b1"}
    assert [found["class"] for found in pair.found("a") if "class" in found] == ["chip slow", "chip slow"]
    assert len(pair.found("mark")) >= 80
    for text in (index.text, pair.text, answer.out):
        assert "canary" not in text
        assert not re.search(r"cheat|plagiar|copied from (?!the other)|suspect|guilt", text)


def test_code_that_students_were_given_counts_for_nobody(shell: Shell) -> None:
    in_check, in_prompt = make_program(11), make_program(12)
    folder = shell.folder / "course" / "score"
    write(folder, {"checks/public/test_public.py": in_check})
    yaml = (folder / "assignment.yaml").read_text()
    lines = ["Begin with:", "", "```python", *in_prompt.splitlines(), "```"]
    prompt = "prompt: |\n" + "".join(f"      {line}\n" for line in lines)
    (folder / "assignment.yaml").write_text(yaml.replace("prompt: canary-prompt\n", prompt))
    both = in_check + in_prompt
    hand_in(shell, [("ada", both + make_program(1)), ("bob", DISGUISES["renamed"](both) + make_program(2))])
    found = shell("similar", "score", "--threshold", "0", "--json").json["assignments"][0]
    assert (found["compared"], found["pairs_compared"]) == (2, 1)
    assert all(pair["score"] < 0.1 for pair in found["pairs"])


@pytest.mark.slow
def test_pages_of_an_earlier_run_do_not_stay(shell: Shell) -> None:
    hand_in(shell, [("ada", make_program(1)), ("bob", make_program(1))])
    assert shell("similar", "--out", "alike").code == 0
    write(shell.folder / "alike", {"pairs/notes.html": "mine", "score-001.html": "mine"})
    hand_in(shell, [("bob", make_program(3)), ("bob", make_program(2))])
    assert shell("similar", "--out", "alike").code == 0
    left = sorted(str(path.relative_to(shell.folder / "alike")) for path in (shell.folder / "alike").rglob("*.html"))
    assert left == ["index.html", "pairs/notes.html", "score-001.html"]


def test_pages_need_nothing_else_and_are_in_order(shell: Shell) -> None:
    hand_in(shell, [("ada", make_program(1)), (EVIL, make_program(1)), ("cleo", make_program(2))])
    shell("similar", "--out", "alike")
    pages = pages_of(shell.folder / "alike")
    for name, page in pages.items():
        foreign = {"link", "img", "iframe", "object", "embed", "form", "base"}
        assert not {tag for tag, _ in page.tags} & foreign
        assert page.found("script") == ([{}] if name == "index.html" else [])
        assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
        (policy,) = [one["content"] for one in page.found("meta") if "http-equiv" in one]
        scripts = r"script-src 'sha256-[\w+/=]+'; " if name == "index.html" else ""
        assert re.match(f"default-src 'none'; {scripts}style-src 'unsafe-inline'", str(policy))
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        labels = {part for _, found in page.tags for part in (found.get("aria-labelledby") or "").split()}
        assert labels <= set(ids)
        for href in (str(found["href"]) for found in page.found("a")):
            target, _, anchor = href.partition("#")
            if target.endswith(".csv"):
                continue
            path = str((Path("/") / name).parent.joinpath(target).resolve().relative_to("/")) if target else name
            assert not anchor or anchor in {found.get("id") for _, found in pages[path].tags}, href
        assert all(found.get("scope") for found in page.found("th"))


def test_students_have_the_roster_s_names_and_pairs_are_a_table(shell: Shell) -> None:
    """cleo has no name, eve's begins like a formula; the table holds what is beyond the pages, too."""
    people = [RosterStudent("ada", "Ada Lovelace"), RosterStudent("cleo"), RosterStudent("eve", "=1+1")]
    with Gradebook.open(shell.folder / "state") as gradebook:
        gradebook.set_roster(Roster(tuple(people)), "me", AT)
    program = make_program(1)
    ids = hand_in(shell, [("ada", program), ("cleo", program + "# c\n"), ("eve", program + "# e\n")])
    assert shell("similar", "--out", "alike").code == 0
    pages = pages_of(shell.folder / "alike")
    assert "ada Ada Lovelace and cleo" in pages["index.html"].text
    assert re.search(r"ada \( ?Ada Lovelace ?\) and cleo", pages["pairs/score-001.html"].text)
    assert "first line to its last; below, that of cleo" in pages["pairs/score-001.html"].text
    rows = list(csv.DictReader(io.StringIO((shell.folder / "alike" / "pairs.csv").read_text("utf-8-sig"))))
    assert [(row["Students"], row["Names"], row["Other students"], row["Other names"]) for row in rows] == [
        ("ada", "Ada Lovelace", "cleo", ""),
        ("ada", "Ada Lovelace", "eve", "'=1+1"),
        ("cleo", "", "eve", "'=1+1"),
    ]
    assert {(row["Alike"], row["Share of it"], row["Other share of it"]) for row in rows} == {("1.0", "1.0", "1.0")}
    assert (rows[0]["Submission"], rows[0]["Other submission"]) == (ids[0], ids[1])
    assert [row["Page"] for row in rows] == [f"pairs/score-00{number}.html" for number in (1, 2, 3)]


def test_json_is_as_documented(shell: Shell) -> None:
    ids = hand_in(shell, [("ada", make_program(1)), ("bob", make_program(1)), ("cleo", make_program(2)), ("dan", "x")])
    answer = shell("similar", "--json", "--threshold", "0.9", "score")
    assert answer.code == 0
    assert not (shell.folder / "report").exists()
    data = answer.json
    assert (data["format"], data["course"], data["threshold"], data["all_attempts"]) == (
        1,
        "A <b>course</b>",
        0.9,
        False,
    )
    (found,) = data["assignments"]
    assert (found["id"], found["compared"], found["too_short"], found["cut"]) == ("score", 3, 1, 0)
    assert (found["pairs_compared"], found["alike"]) == (3, 1)
    assert sum(step["count"] for step in found["scores"]) == 3
    assert found["scores"][-1] == {"from": 0.95, "to": 1.0, "count": 1}
    (pair,) = found["pairs"]
    assert (pair["score"], [one["students"] for one in pair["submissions"]]) == (1.0, [["ada"], ["bob"]])
    assert [one["id"] for one in pair["submissions"]] == ids[:2]
    assert pair["shared"] == pair["submissions"][0]["own"]
    documented = set(re.findall(r"`(\w+)`", (Path(__file__).parents[1] / "docs" / "similar.md").read_text()))
    for level in (data, found, found["scores"][0], pair, pair["submissions"][0]):
        assert level.keys() <= documented


def test_attempts(shell: Shell) -> None:
    """The attempt that counts is compared, and with --all-attempts all, each content once."""
    copied, own = make_program(1), make_program(2)
    ids = hand_in(shell, [("ada", copied), ("bob", copied + "# b\n"), ("bob", own), ("bob", copied + "# b\n")])
    counted = shell("similar", "--json", "score").json["assignments"][0]
    assert (counted["compared"], counted["pairs_compared"]) == (2, 1)
    every = shell("similar", "--json", "--all-attempts", "score").json["assignments"][0]
    assert (every["compared"], every["pairs_compared"], every["alike"]) == (3, 1, 1)
    assert [one["id"] for one in every["pairs"][0]["submissions"]] == ids[:2]


def test_groups(shell: Shell) -> None:
    """Whoever is in one group may hand in the same, together or apart; others may not."""
    program = make_program(1)
    with Gradebook.open(shell.folder / "state") as gradebook:
        members = [RosterStudent("ada", group="1"), RosterStudent("bob", group="1"), RosterStudent("cleo", group="2")]
        gradebook.set_roster(Roster(tuple(members)), "me", AT)
        gradebook.submit("ada", "pairs", Submission({"score.py": program.encode()}), AT, members=["bob"])
    hand_in(shell, [("ada", program)], "score")
    hand_in(shell, [("bob", program + "# b\n"), ("cleo", program + "# c\n")], "pairs")
    (found,) = shell("similar", "--json", "--all-attempts", "pairs").json["assignments"]
    assert (found["compared"], found["pairs_compared"], found["alike"]) == (3, 1, 1)
    assert found["pairs"][0]["submissions"][1]["students"] == ["cleo"]


@pytest.mark.slow
def test_what_cannot_be_compared_is_said(shell: Shell) -> None:
    shell("similar", "quiz").fails(2, "quiz asks for no code: there is nothing to compare")
    shell("similar", "scoer").fails(2, "no assignment 'scoer'; did you mean 'score'?")
    assert shell("similar", "--threshold", "50").code == 2
    shell("similar", "--out", "").fails(2, "Directory '' does not exist")
    shell("similar", "--json", "--out", "alike").fails(2, "--json prints figures and writes no pages")
    shell("similar", "--threshold", "nan").fails(2, "--threshold is not a number")
    (shell.folder / "file").write_text("")
    shell("similar", "--out", "file/there").fails(2, "cannot be written")
    nothing = shell("similar", "--out", "alike")
    assert nothing.code == 0
    assert "No code has been handed in yet." in pages_of(shell.folder / "alike")["index.html"].text


def test_a_damaged_file_keeps_nobody_from_seeing_the_rest(shell: Shell) -> None:
    hand_in(shell, [("ada", make_program(1)), ("bob", make_program(1) + "# b\n"), ("cleo", make_program(2))])
    with Gradebook.open(shell.folder / "state") as gradebook:
        (entry,) = gradebook.entries("cleo")
        path = gradebook.blob(entry.digest)
    path.chmod(0o600)
    path.write_bytes(b"no zip")
    answer = shell("similar", "--out", "alike")
    assert answer.code == 3
    assert "is damaged" in answer.err
    assert "it is left out" in answer.err
    assert re.search(r"^score +2 +1 +1 +1$", answer.out, re.MULTILINE)
    assert len(pages_of(shell.folder / "alike")) == 2


# Sizes of pages


def view_of(first: str, second: str) -> PairView:
    sides = tuple(Side(("\U0001f600" * 100,), "&" * 60, 1, AT, ("\U0001f600" * 100,)) for _ in range(2))
    left, right = prints_of(first, "ada"), prints_of(second, "bob")
    own = max(1, len(left.prints)), max(1, len(right.prints))
    pair = Pair(left, right, len(left.prints & right.prints), own)
    return PairView(pair, (sides[0], sides[1]), "pairs/" + "x" * 60 + "-001.html", (10_000, 10_000), 10_000)


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "&<>\"'" * 200_000,
        "\n" * 1_000_000,
        "x\n" * 500_000,
        make_program(1, 20_000),
        "\U0001f600" * 250_000,
        "f(x,\n" * 9000,
    ],
    ids=["signs", "lines", "names", "code", "wide", "calls"],
)
def test_a_page_of_a_pair_stays_under_2_mb(source: str) -> None:
    files = {"a.py": source}
    page = to_pair_html("T", view_of(source, source), (files, files), parts_of(files, files))
    assert len(page.encode()) < 2_000_000
    Page(page)


@pytest.mark.parametrize("count", [1, 40])
def test_the_page_of_all_pairs_stays_under_2_mb(count: int) -> None:
    view = view_of(make_program(1), make_program(1))
    found = Comparison((view.pair,) * 500, 12_000_000, (10**7,) * 20, 5000, 5, (), NOTHING)
    views = (view,) * min(MOST_OF_ONE, MOST_PAGES // count)
    assignments = [SimilarAssignment("x" * 60, "T" * 200, found, views)] * count
    page = to_similar_html("C", assignments, Fraction(1, 2), every_attempt=False)
    assert len(page.encode()) < 2_000_000
    assert f"These are {len(views)} of 12000500" in Page(page).text


def test_long_files_are_folded_around_the_parts() -> None:
    text = "\n".join(f"y{n} = {n}" for n in range(FOLD_FROM)) + "\nhere = 1\n" + "z = 1\n" * 100
    (view,) = show_files({"a.py": text}, [[similarity.Segment("a.py", FOLD_FROM + 1, 0, 8)]])
    folded = [line.folded for line in view.lines if line.folded]
    assert folded == [FOLD_FROM - 5, 95]
    assert [piece.text for line in view.lines for piece in line.pieces if piece.part] == ["here = 1"]
    (short,) = show_files({"a.py": "a\n" * 50}, [])
    assert len(short.lines) == 50


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_in_a_browser(shell: Shell, visit: Open, scheme: str) -> None:
    program = make_program(1)
    mixed = copy_half(make_program(2), program)
    hand_in(shell, [("ada", program), (EVIL, mixed), ("cleo", make_program(2)), ("x" * 100, program + "# x\n")])
    shell("similar", "--out", "alike", "--threshold", "0.3")
    for name in ("index.html", "pairs/score-001.html", "pairs/score-003.html"):
        for width in (PHONE, 1280):
            one = visit(shell.folder / "alike" / name, scheme=scheme, width=width)
            assert not one.find_barriers()
            assert not one.scrolls_sideways(), name
    index = visit(shell.folder / "alike" / "index.html", scheme=scheme)
    table = index.page.locator("table.data").first
    shares = "all => all.map(one => parseInt(one.textContent))"
    assert (found := table.locator("tbody td:nth-child(2)").evaluate_all(shares)) == sorted(found, reverse=True)
    table.locator("thead button").nth(1).click()
    assert table.locator("tbody td:nth-child(2)").evaluate_all(shares) == sorted(found)
    assert found[0] > found[-1]
    wide = visit(shell.folder / "alike" / "pairs/score-001.html", width=1280)
    wide.page.keyboard.press("Tab")
    wide.page.locator("#a1").focus()
    wide.page.keyboard.press("Enter")
    assert wide.page.url.endswith("#b1")
