from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from grader.checks import CHECK_FOLDERS, Check, read_checks
from grader.errors import SpecError
from grader.results import Visibility
from grader.spec import load_assignment

PUBLIC = "checks/public/test_public.py"
HIDDEN = "checks/hidden/test_hidden.py"
Writer = Callable[..., Path]


@pytest.fixture
def read(write_assignment: Writer, assignment_yaml: str) -> Callable[..., tuple[Check, ...]]:
    """Read the checks of the sound assignment with some files replaced."""

    def read(files: dict[str, str | None] | None = None, yaml: str = assignment_yaml) -> tuple[Check, ...]:
        return read_checks(load_assignment(write_assignment(yaml, files)))

    return read


@pytest.fixture
def problems(read: Callable[..., tuple[Check, ...]], tmp_path: Path) -> Callable[..., list[str]]:
    """Return what is said about a public check file, and other files."""

    def problems(source: str, files: dict[str, str | None] | None = None, **yaml: str) -> list[str]:
        with pytest.raises(SpecError) as raised:
            read({PUBLIC: source, **(files or {})}, **yaml)
        return [str(problem).removeprefix(f"{tmp_path}/mean-loss/") for problem in raised.value.problems]

    return problems


def test_checks_are_read_with_all_that_they_say(read: Callable[..., tuple[Check, ...]], tmp_path: Path) -> None:
    one, two, none = read()
    assert one == Check(
        id="test_of_one",
        title="The mean of one number is that number.",
        points=Fraction(1),
        bonus=False,
        hint="What is the mean of one number?",
        visibility=Visibility.PUBLIC,
        question="mean-loss",
        path=tmp_path / "mean-loss" / PUBLIC,
        line=5,
        needs_device=None,
    )
    assert (two.id, two.points, two.visibility, two.hint) == ("test_of_two", Fraction(2), Visibility.HIDDEN, None)
    assert (none.id, none.points, none.bonus) == ("test_of_none", Fraction(1), True)
    assert CHECK_FOLDERS[Visibility.HIDDEN] == "checks/hidden"


def test_nothing_is_run(read: Callable[..., tuple[Check, ...]], tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    source = f"open({str(ran)!r}, 'w')\nimport nowhere, pytest\n@pytest.mark.points(1)\ndef test_a(): 'T'\n"
    assert read({PUBLIC: source})[0].id == "test_a"
    assert not ran.exists()


def test_order_is_public_first_then_by_file_then_by_source(read: Callable[..., tuple[Check, ...]]) -> None:
    check = "@pytest.mark.points(0.25)\ndef {}(submission):\n    'T'\n"
    later = "import pytest\n" + check.format("test_z") + check.format("test_y")
    earlier = "import pytest\n" + check.format("test_x") + check.format("test_w")
    found = read(
        {PUBLIC: later, "checks/public/test_another.py": earlier, "checks/public/batches.py": "def batch(): 1"}
    )
    assert [check.id for check in found] == ["test_x", "test_w", "test_z", "test_y", "test_of_two", "test_of_none"]


def test_all_forms_of_marks(read: Callable[..., tuple[Check, ...]], assignment_yaml: str) -> None:
    source = """\
import pytest
from pytest import mark

pytestmark = [pytest.mark.question("mean-loss"), pytest.mark.filterwarnings("ignore")]

@mark.parametrize("n", [1, 2])
@mark.points(points=0.3, bonus=False, hint="one "
             "two")
def test_a(submission, n):
    '''

    The title.

    More.
    '''

@pytest.mark.device("cuda")
@pytest.mark.points(0.7)
def test_b(submission):
    "B"

@pytest.fixture
def test_data():
    return 1

def helper():
    def test_inside():
        pass

class Model:
    def test(self):
        pass
"""
    a, b, *_ = read({PUBLIC: source})
    assert (a.title, a.points, a.hint) == ("The title.", Fraction(3, 10), "one two")
    assert (b.points, b.needs_device) == (Fraction(7, 10), "cuda")


def test_a_mark_of_the_check_outdoes_that_of_its_file(
    read: Callable[..., tuple[Check, ...]], assignment_yaml: str
) -> None:
    second = """\
questions:
  - {id: second, kind: code, points: 1, prompt: P, file: second.py, starter: x = 1}
"""
    yaml = assignment_yaml.replace("questions:\n", second)
    public = """\
import pytest
pytestmark = pytest.mark.question("mean-loss")
@pytest.mark.points(1)
def test_a(): "A"
@pytest.mark.question("second")
@pytest.mark.points(1)
def test_b(): "B"
"""
    hidden = "import pytest\n@pytest.mark.question('mean-loss')\n@pytest.mark.points(2)\ndef test_of_two(): 'T'\n"
    found = read({PUBLIC: public, HIDDEN: hidden}, yaml)
    assert [(check.id, check.question) for check in found] == [
        ("test_a", "mean-loss"),
        ("test_b", "second"),
        ("test_of_two", "mean-loss"),
    ]


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("def test_a(): 'T'", "2:1: test_a has no points: put @pytest.mark.points(1) above it"),
        ("@pytest.mark.pionts(1)\ndef test_a(): 'T'", "2:2: unknown mark 'pionts'; did you mean 'points'?"),
        (
            "@pytest.mark.points(1)\ndef test_a(): pass",
            "3:1: test_a has no title: say in its docstring what a student's code must do",
        ),
        ("@pytest.mark.points(1)\ndef test_a(): ' '", "3:1: test_a has no title"),
        ("@pytest.mark.points\ndef test_a(): 'T'", "2:2: points(…) needs a number, such as points(2)"),
        ("@pytest.mark.points()\ndef test_a(): 'T'", "2:2: points(…) needs a number, such as points(2)"),
        ("N = 1\n@pytest.mark.points(N)\ndef test_a(): 'T'", "3:21: 'points' must be written out here"),
        ("@pytest.mark.points('1')\ndef test_a(): 'T'", "2:2: the points of test_a must be a number, not text"),
        ("@pytest.mark.points(-1)\ndef test_a(): 'T'", "2:2: the points of test_a must be from 0"),
        ("@pytest.mark.points(True)\ndef test_a(): 'T'", "2:2: the points of test_a must be a number, not true"),
        (
            f"@pytest.mark.points(0x{'f' * 5000})\ndef test_a(): 'T'",
            "2:2: the points of test_a must be from 0 to 100000",
        ),
        (f"@pytest.mark.points(1{'0' * 400} + 1j)\ndef test_a(): 'T'", "2:21: 'points' must be written out here"),
        (
            "@pytest.mark.points(1)\ndef test_a(): '\\ud800'",
            "3:1: the title of test_a holds the control character U+D800",
        ),
        ("@pytest.mark.points(1, hint='\\x1b')\ndef test_a(): 'T'", "2:2: 'hint' holds the control character U+001B"),
        ("@pytest.mark.points(1, 2)\ndef test_a(): 'T'", "2:2: points(…) takes one argument without a name"),
        ("@pytest.mark.points(1, hit='')\ndef test_a(): 'T'", "does not take 'hit'; did you mean 'hint'?"),
        ("@pytest.mark.points(1, hint=f'{1}')\ndef test_a(): 'T'", "2:29: 'hint' must be written out here"),
        ("@pytest.mark.points(1, hint='')\ndef test_a(): 'T'", "2:2: 'hint' must be text that is not empty"),
        ("@pytest.mark.points(1, bonus=1)\ndef test_a(): 'T'", "2:2: 'bonus' must be True or False"),
        ("@pytest.mark.points(1, **{})\ndef test_a(): 'T'", "2:2: points(…) does not take '**'"),
        ("@pytest.mark.points(1)\n@pytest.mark.points(1)\ndef test_a(): 'T'", "3:2: the mark 'points' is given twice"),
        ("@pytest.mark.skip\n@pytest.mark.points(1)\ndef test_a(): 'T'", "2:2: unknown mark 'skip'; the marks"),
        ("@pytest.mark.points(1)\nasync def test_a(): 'T'", "3:1: test_a is async: a check is a plain function"),
        ("class TestMean:\n    def test_a(self): 'T'", "2:1: TestMean is a class of tests"),
        ("if True:\n    def test_a(): 'T'", "3:5: test_a is inside another statement"),
        ("try:\n    pass\nexcept E:\n    for x in y:\n        def test_a(): 'T'", "6:9: test_a is inside"),
        ("from elsewhere import test_a", "2:1: a check is imported here"),
        ("pytestmark = pytest.mark.points(1)", "2:14: points belong to one check"),
        (
            "@pytest.mark.question('mean-los')\n@pytest.mark.points(1)\ndef test_a(): 'T'",
            "2:2: no code question 'mean-los'; did you mean 'mean-loss'?",
        ),
        (
            "@pytest.mark.question('why-mean')\n@pytest.mark.points(1)\ndef test_a(): 'T'",
            "2:2: no code question 'why-mean'; there is mean-loss",
        ),
        ("@pytest.mark.question\n@pytest.mark.points(1)\ndef test_a(): 'T'", "2:2: question(…) needs the id"),
        ("@pytest.mark.device('tpu')\n@pytest.mark.points(1)\ndef test_a(): 'T'", "2:2: device(…) needs one of 'cpu'"),
        ("def test_a(:", "2:12: this is not Python"),
    ],
)
def test_a_problem_says_where_and_what(problems: Callable[..., list[str]], check: str, expected: str) -> None:
    said = problems(f"import pytest\n{check}\n")
    assert all(problem.startswith(f"{PUBLIC}:") for problem in said)
    assert any(expected in problem for problem in said)


def test_every_problem_of_every_file_is_listed_in_order(problems: Callable[..., list[str]]) -> None:
    said = problems("def test_a(): 'T'\ndef test_b(): 'T'\n", {HIDDEN: "def test_c(): pass\n"})
    assert [problem.split(": ")[0] for problem in said] == [
        f"{HIDDEN}:1:1",
        f"{HIDDEN}:1:1",
        f"{PUBLIC}:1:1",
        f"{PUBLIC}:2:1",
    ]


def test_a_name_is_used_once(problems: Callable[..., list[str]]) -> None:
    check = "@pytest.mark.points(0.5)\ndef test_a(): 'T'\n"
    (twice,) = problems(f"import pytest\n{check}{check}")
    assert twice == f"{PUBLIC}:5:1: test_a is the name of another check, in public/test_public.py, line 3"


def test_a_name_is_used_once_in_all_files(problems: Callable[..., list[str]]) -> None:
    (twice,) = problems("import pytest\n@pytest.mark.points(1)\ndef test_of_two(): 'T'\n")
    assert twice == f"{HIDDEN}:5:1: test_of_two is the name of another check, in public/test_public.py, line 3"


def test_points_add_up_to_those_of_the_question(problems: Callable[..., list[str]]) -> None:
    (said,) = problems("import pytest\n@pytest.mark.points(0.5)\ndef test_a(): 'T'\n")
    assert said == (
        "assignment.yaml:10:13: question 'mean-loss' has 3 points, its checks add up to 2.5: test_a 0.5, test_of_two 2"
    )


def test_tenths_add_up_exactly(read: Callable[..., tuple[Check, ...]]) -> None:
    check = "@pytest.mark.points(0.1)\ndef test_{}(): 'T'\n"
    source = "import pytest\n" + "".join(check.format(number) for number in range(10))
    assert sum(check.points for check in read({PUBLIC: source}) if not check.bonus) == 3


def test_bonus_checks_alone_do_not_make_the_points(problems: Callable[..., list[str]]) -> None:
    (said,) = problems("", {HIDDEN: "import pytest\n@pytest.mark.points(3, bonus=True)\ndef test_of_two(): 'T'\n"})
    assert said.endswith("has 3 points, its checks add up to 0: only bonus checks")


def test_a_code_question_needs_checks(read: Callable[..., tuple[Check, ...]]) -> None:
    with pytest.raises(SpecError, match="question 'mean-loss' has no checks: put some in checks/public or") as raised:
        read({PUBLIC: None, HIDDEN: None})
    assert raised.value.problems[0].line == 10
    assert "there is no check 'test_of_two'" in raised.value.message


def test_several_code_questions_need_marks(problems: Callable[..., list[str]], assignment_yaml: str) -> None:
    second = "questions:\n  - {id: second, kind: code, points: 1, prompt: P, file: second.py, starter: x = 1}\n"
    said = problems(
        "import pytest\n@pytest.mark.points(1)\ndef test_a(): 'T'\n",
        {HIDDEN: ""},
        yaml=assignment_yaml.replace("questions:\n", second),
    )
    assert said == [
        f"{PUBLIC}:3:1: test_a belongs to no code question: say which with @pytest.mark.question(…): second, mean-loss"
    ]


def test_checks_without_a_code_question_are_refused(problems: Callable[..., list[str]]) -> None:
    yaml = "format: 1\nid: mean-loss\ntitle: T\nsummary: S\nquestions:\n"
    yaml += "  - {id: q, kind: text, points: 1, prompt: P}\n"
    (said,) = problems("import pytest\n@pytest.mark.points(1)\ndef test_a(): 'T'\n", {HIDDEN: None}, yaml=yaml)
    assert said == f"{PUBLIC}:3:1: test_a belongs to no code question: there is none"


def test_a_quiz_needs_no_checks(read: Callable[..., tuple[Check, ...]]) -> None:
    yaml = "format: 1\nid: mean-loss\ntitle: T\nsummary: S\nquestions:\n"
    yaml += "  - {id: q, kind: text, points: 1, prompt: P}\n"
    assert read({PUBLIC: None, HIDDEN: None}, yaml) == ()


def test_mistakes_name_checks_that_exist(problems: Callable[..., list[str]], assignment_yaml: str) -> None:
    (said,) = problems(
        "import pytest\n@pytest.mark.points(1)\ndef test_a(): 'T'\n",
        yaml=assignment_yaml.replace("caught_by: [test_of_two]", "caught_by: [test_of_two, test_of_tow]"),
    )
    assert said == "assignment.yaml:40:81: there is no check 'test_of_tow'; did you mean 'test_of_two'?"


@pytest.mark.parametrize("name", ["checks/test_public.py", "checks/public/public_test.py"])
def test_a_check_file_that_nobody_would_run_is_refused(problems: Callable[..., list[str]], name: str) -> None:
    source = "import pytest\n@pytest.mark.points(1)\ndef test_a(): 'T'\n"
    (said,) = problems(source, {name: "x = 1\n"})
    assert said.startswith(f"{name}:1:1: a file of checks ")


def test_a_file_that_is_not_utf8(write_assignment: Writer) -> None:
    directory = write_assignment()
    (directory / PUBLIC).write_bytes("# é\n".encode("latin-1"))
    assignment = load_assignment(directory)
    with pytest.raises(SpecError, match=r"test_public\.py:1:1: this is not UTF-8 text"):
        read_checks(assignment)


def test_odd_escapes_are_no_concern_here(read: Callable[..., tuple[Check, ...]]) -> None:
    source = "import pytest\n@pytest.mark.points(1)\ndef test_a():\n    'T \\d'\n"
    assert read({PUBLIC: source})[0].title == "T \\d"
