from __future__ import annotations

import ast
import base64
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.checks import read_checks
from grader.errors import InputError
from grader.spec import load_assignment
from grader.stub import render_stub, write_stub
from grader.yaml_source import parse

Writer = Callable[..., Path]
FILES = {"README.md": b"read me\n", "a.py": b"x = 1\n", "checks/test_a.py": b"def test_a(): pass\n"}


def render(directory: Path) -> dict[str, bytes]:
    assignment = load_assignment(directory)
    return dict(render_stub(assignment, read_checks(assignment)))


def on_disk(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


# What a stub holds


def test_the_files_of_a_stub(write_assignment: Writer) -> None:
    directory = write_assignment(files={"checks/public/batches.py": "SIZE = 3\n"})
    files = render(directory)
    assert list(files) == [
        "README.md",
        "mean_loss.py",
        "answers.yaml",
        "checks/batches.py",
        "checks/test_public.py",
        "grader.json",
    ]
    assert json.loads(files["grader.json"]) == {"format": 1, "assignment": "mean-loss"}
    assert files["checks/test_public.py"] == (directory / "checks/public/test_public.py").read_bytes()
    assert all(content.endswith(b"\n") and not content.endswith(b"\n\n") for content in files.values())
    assert render(directory) == files


def test_the_code_file_is_the_starter_under_a_docstring(write_assignment: Writer) -> None:
    source = render(write_assignment())["mean_loss.py"].decode()
    assert source == (
        '"""Write a mean loss\n'
        "\n"
        "Assignment mean-loss: README.md says what to do, `grader check` runs the public checks.\n"
        '"""\n'
        "\n"
        "\n"
        "def mean_loss(values):\n"
        '    """Return the mean of values."""\n'
        "    raise NotImplementedError\n"
    )


@pytest.mark.parametrize("title", ['Say "x"', '"""', "a\\", "\\", "{% x %}", "<< y >>", "# no", "é λ"])
def test_any_title_makes_sound_files(write_assignment: Writer, assignment_yaml: str, title: str) -> None:
    yaml = assignment_yaml.replace("title: Write a mean loss", f"title: {json.dumps(title)}")
    files = render(write_assignment(yaml))
    tree = ast.parse(files["mean_loss.py"])
    assert (ast.get_docstring(tree) or "").splitlines()[0] == title
    assert files["README.md"].decode().startswith(f"# {title}\n")
    assert set(parse(files["answers.yaml"].decode(), "answers.yaml").value.values()) == {None}


def test_a_starter_with_its_own_docstring_is_left_alone(write_assignment: Writer, assignment_yaml: str) -> None:
    yaml = assignment_yaml.replace(
        "      def mean_loss(values):",
        '      """Mine."""\n      from __future__ import annotations\n      def mean_loss(v):',
    )
    source = render(write_assignment(yaml))["mean_loss.py"].decode()
    assert source.startswith('"""Mine."""\nfrom __future__')
    compile(source, "mean_loss.py", "exec")


def test_questions_may_share_a_file(write_assignment: Writer, assignment_yaml: str) -> None:
    second = """\
questions:
  - {id: second, kind: code, points: 0, prompt: P, file: mean_loss.py, starter: import math}
"""
    hidden = "import pytest\n@pytest.mark.question('second')\n@pytest.mark.points(0)\ndef test_s(): 'S'\n"
    marked = "pytestmark = pytest.mark.question('mean-loss')\n"
    directory = write_assignment(assignment_yaml.replace("questions:\n", second))
    for name in ("public/test_public.py", "hidden/test_hidden.py"):
        path = directory / "checks" / name
        path.write_text(path.read_text().replace("import pytest\n", f"import pytest\n{marked}"))
    (directory / "checks/hidden/test_second.py").write_text(hidden)
    source = render(directory)["mean_loss.py"].decode()
    assert source.endswith('"""\n\nimport math\n\n\ndef mean_loss(values):\n' + source.partition("values):\n")[2])


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("    raise NotImplementedError\n", "    return sum(values)\n", "Mend `mean_loss` in `mean_loss.py`."),
        (
            "    raise NotImplementedError\n",
            "    n = len(values)\n          ...\n",
            "Write `mean_loss` in `mean_loss.py`.",
        ),
        (
            "[statistics.mean]",
            "[torch.nn.functional.mse_loss, torch.mse_loss, torch.nn.MSELoss, torch.nn.modules.loss.MSELoss]",
            "Not allowed here: `mse_loss`, `MSELoss` of torch, by whatever name.",
        ),
        (
            "[statistics.mean]",
            "[torch.mean, statistics.mean, statistics.fmean]",
            "Not allowed here: `mean` of torch, by whatever name; `statistics.mean`, `statistics.fmean`.",
        ),
    ],
    ids=["finished", "begun", "places-of-torch", "others"],
)
def test_what_the_readme_says_of_a_code_question(
    write_assignment: Writer, assignment_yaml: str, old: str, new: str, line: str
) -> None:
    assert old in assignment_yaml
    readme = render(write_assignment(assignment_yaml.replace(old, new)))["README.md"].decode()
    assert line in readme.splitlines()


def test_the_readme_says_what_to_do(write_assignment: Writer) -> None:
    readme = render(write_assignment())["README.md"].decode()
    for words in (
        "# Write a mean loss\n",
        "Average what each example costs.",
        "Topics: reductions.",
        "Worth 6.6 points.",
        "## 1. The mean (3 points)",
        r"the mean $\frac{1}{n} \sum_i x_i$.",
        "Write `mean_loss` in `mean_loss.py`.",
        "Not allowed here: `statistics.mean`.",
        "| The mean of one number is that number. | 1 |",
        "Hidden checks, worth 2 points, run when you submit.",
        "Up to 1 point can be earned on top.",
        "## 2. why-mean (1 point)",
        "- **b)** It is cheaper.",
        "Right picks earn their share of the points, wrong ones take a share away.",
        "## 5. in-words (0.1 points)",
        "grader check",
        "grader submit",
        "at most 30 seconds for all checks",
        "4 seconds for one check",
        "1024 MB of memory",
        "no network",
    ):
        assert words in readme
    assert "\n\n\n" not in readme


def test_a_readme_of_a_quiz_speaks_of_no_code(write_assignment: Writer, assignment_yaml: str) -> None:
    start, end = assignment_yaml.index("  - id: mean-loss"), assignment_yaml.index("  - id: why-mean")
    yaml = (assignment_yaml[:start] + assignment_yaml[end:]).replace("caught_by: [test_of_two]", "caught_by: []")
    files = render(write_assignment(yaml, {"checks/public/test_public.py": None, "checks/hidden/test_hidden.py": None}))
    assert list(files) == ["README.md", "answers.yaml", "grader.json"]
    readme = files["README.md"].decode().lower()
    assert not any(words in readme for words in ("public checks", "limits", "memory", "hidden"))


def test_code_alone_needs_no_answers_file(write_assignment: Writer, assignment_yaml: str) -> None:
    yaml = assignment_yaml[: assignment_yaml.index("  - id: why-mean")]
    files = render(write_assignment(yaml))
    assert "answers.yaml" not in files
    assert "answers.yaml" not in files["README.md"].decode()


def test_the_answers_file_asks_everything_and_parses_as_empty(write_assignment: Writer) -> None:
    text = render(write_assignment())["answers.yaml"].decode()
    assert parse(text, "answers.yaml").value == {
        "why-mean": None,
        "reductions": None,
        "by-hand": None,
        "in-words": None,
    }
    for words in (
        "# Why a mean and not a sum?\n",
        "# a) It does not grow with the batch.\n",
        "# c) It is never negative.\n",
        "# One letter, such as: a\n",
        "# Every letter that fits, such as: [a, b]\n",
        "# 0.5 points\n",
        "# A number, such as: 0.25\n",
        "# Text.",
    ):
        assert words in text


def test_prompts_stay_in_the_comments(write_assignment: Writer, assignment_yaml: str) -> None:
    prompt = json.dumps(
        "first\nevil: 1\n--- \n\n```\n"
        + "code " * 40
        + "\n```\nlong "
        + "words " * 60
        + "\nx\u2028sep: 2\x85nel: 3\rcr: 4\n- deep"
    )
    yaml = assignment_yaml.replace("prompt: Why a mean and not a sum?", f"prompt: {prompt}")
    text = render(write_assignment(yaml))["answers.yaml"].decode()
    assert set(parse(text, "answers.yaml").value) == {"why-mean", "reductions", "by-hand", "in-words"}
    assert f"# {'code ' * 40}".rstrip() in text
    assert max(len(line) for line in text.splitlines() if "words" in line) <= 120


# What a stub must not hold


def canaries() -> Iterator[str]:
    return (f"CANARY{number:02d}QZX" for number in itertools.count(1))


@pytest.fixture
def secrets(write_assignment: Writer) -> tuple[Path, list[str]]:
    """Return an assignment with a unique word in every place that students must not see, and the words."""
    word = canaries()
    used: list[str] = []

    def secret() -> str:
        used.append(next(word))
        return used[-1]

    mistake = secret().lower()
    used[-1] = mistake
    check, check_of_bonus = f"test_{secret()}", f"test_{secret()}"
    yaml = f"""\
# {secret()}
format: 1
id: mean-loss
title: T
summary: S
questions:
  - {{id: code, kind: code, points: 3, prompt: P, file: mean_loss.py, starter: "def mean_loss(v): ...",
     forbid: [statistics.mean]}}
  - id: one
    kind: choice
    points: 1
    prompt: P
    choices:
      - {{text: first, why: {secret()}}}
      - {{text: second, correct: true, why: {secret()}}}
      - {{text: third, mistake: {mistake}, why: {secret()}}}
  - id: many
    kind: multiple_choice
    points: 1
    prompt: P
    choices:
      - {{text: first, correct: true, why: {secret()}}}
      - {{text: second, why: {secret()}}}
  - id: number
    kind: numeric
    points: 1
    prompt: P
    correct: 7654321.25
    tolerance: 1234.5625
    relative_tolerance: 0.0009765625
    why: {secret()}
  - {{id: words, kind: text, points: 1, prompt: P, accept: [{secret()}, {secret()}], why: {secret()}}}
  - {{id: essay, kind: text, points: 1, prompt: P, why: {secret()}}}
mistakes:
  - {{id: {mistake}, file: mistakes/{secret()}.py, caught_by: [{check}]}}
"""
    mistake_file = f"mistakes/{used[-1]}.py"
    used += ["7654321", "1234.5625", "0.0009765625"]
    hidden = f'''\
"""{secret()}"""
import pytest
{secret()} = "{secret()}"

@pytest.mark.points(2, hint="{secret()}")
def {check}(submission):
    """{secret()}

    {secret()}
    """
    assert submission.mean_loss([1, 2]) == 1.5, "{secret()}"

@pytest.mark.points(1, bonus=True)
def {check_of_bonus}(submission):
    """{secret()}"""
'''
    directory = write_assignment(
        yaml,
        {
            f"checks/hidden/test_{secret()}.py": hidden,
            "checks/hidden/test_hidden.py": None,
            f"checks/hidden/{secret()}.py": f"# {secret()}\n",
            f"checks/hidden/{secret()}/{secret()}.py": f"# {secret()}\n",
            f"checks/{secret()}.py": f"# {secret()}\n",
            f"solutions/{secret()}.py": f'"""{secret()}"""\ndef mean_loss(v): return "{secret()}"\n',
            "solutions/plain.py": None,
            mistake_file: f'"""{secret()}"""\ndef mean_loss(v): return "{secret()}"\n',
            "mistakes/sum_for_mean.py": None,
            f"{secret()}.md": secret(),
        },
    )
    return directory, used


def encodings(word: str) -> Iterator[bytes]:
    for codec in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        yield word.encode(codec)
    yield word[::-1].encode()
    yield word.encode().hex().encode()
    for offset in range(3):  # what base64 makes of a word depends on where in the text it stands
        encoded = base64.b64encode(b"\0" * offset + word.encode())
        yield encoded[4 if offset else 0 : -4]


def test_no_secret_is_in_any_byte_of_a_stub(secrets: tuple[Path, list[str]], tmp_path: Path) -> None:
    directory, words = secrets
    source = b"".join(f"{path}".encode() + path.read_bytes() for path in directory.rglob("*") if path.is_file())
    assert len(words) > 30
    assert all(word.encode() in source for word in words)  # each of them was planted
    stub = tmp_path / "stub"
    write_stub(render(directory), stub)
    names = [path.relative_to(stub).as_posix() for path in stub.rglob("*")]
    assert not any(name for name in names for secret in ("hidden", "solution", "mistake") if secret in name.lower())
    files = on_disk(stub) | {"the names": "\n".join(names).encode()}
    for (name, content), word in itertools.product(files.items(), words):
        for encoded in encodings(word):
            assert encoded.lower() not in content.lower(), f"{word} is in {name}"


def test_the_search_for_secrets_finds_them() -> None:
    for encoded in (
        b"xCANARY01QZXx",
        "CANARY01QZX".encode("utf-16"),
        base64.b64encode(b"CANARY01QZX"),
        base64.b64encode(b"xyCANARY01QZXz"),
        base64.b64encode(b"xyzwCANARY01QZXzz"),
    ):
        assert any(form in encoded for form in encodings("CANARY01QZX"))


def test_which_choice_is_right_cannot_be_told(write_assignment: Writer, assignment_yaml: str) -> None:
    other = (
        assignment_yaml.replace("batch., correct: true,", "batch.,")
        .replace("It is cheaper., mistake: sum-for-mean,", "It is cheaper., correct: true,")
        .replace("It is never negative.}", "It is never negative., mistake: sum-for-mean}")
        .replace("{text: sum, correct: true}", "{text: sum}")
        .replace("{text: exp}", "{text: exp, correct: true, why: It is not.}")
        .replace("correct: 3,", "correct: -4.5,")
        .replace("tolerance: 0.01", "relative_tolerance: 5")
        .replace("accept: [average]", "accept: [middle, centre], case_sensitive: true")
    )
    directory = write_assignment()
    question = load_assignment(directory).question("why-mean")
    rendered = render(directory)
    (directory / "assignment.yaml").write_text(other)
    assert load_assignment(directory).question("why-mean") != question
    assert render(directory) == rendered


def test_an_unreadable_check_file_is_refused_in_words(write_assignment: Writer) -> None:
    directory = write_assignment()
    assignment = load_assignment(directory)
    checks = read_checks(assignment)
    (directory / "checks/public/test_zz.py").mkdir()
    with pytest.raises(InputError, match=r"test_zz\.py: cannot be read: is a directory"):
        render_stub(assignment, checks)


# Writing it


def test_a_stub_is_written_into_a_new_folder(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "er"
    result = write_stub(FILES, directory)
    assert on_disk(directory) == FILES
    assert (result.written, result.kept, result.backup) == (tuple(FILES), (), None)
    umask = os.umask(0)
    os.umask(umask)
    assert (directory / "a.py").stat().st_mode & 0o777 == 0o666 & ~umask


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    write_stub(FILES, tmp_path / "stub")
    before = (tmp_path / "stub" / "a.py").stat()
    result = write_stub(FILES, tmp_path / "stub")
    assert (result.written, result.kept, result.backup) == ((), tuple(FILES), None)
    assert (tmp_path / "stub" / "a.py").stat().st_ino == before.st_ino


def test_what_is_missing_is_added_and_other_files_are_left_alone(tmp_path: Path) -> None:
    write_stub(FILES, tmp_path / "stub")
    (tmp_path / "stub" / "a.py").unlink()
    (tmp_path / "stub" / "notes.txt").write_text("mine")
    result = write_stub(FILES, tmp_path / "stub", force=True)
    assert (result.written, result.backup) == (("a.py",), None)
    assert on_disk(tmp_path / "stub") == FILES | {"notes.txt": b"mine"}


def test_changed_files_are_never_overwritten(tmp_path: Path) -> None:
    write_stub(FILES, tmp_path / "stub")
    (tmp_path / "stub" / "a.py").write_text("x = 2\n")
    (tmp_path / "stub" / "README.md").unlink()
    before = on_disk(tmp_path / "stub")
    with pytest.raises(InputError, match=r"holds files that were changed: a\.py$") as raised:
        write_stub(FILES, tmp_path / "stub")
    assert raised.value.hint is not None
    assert "--force" in raised.value.hint
    assert on_disk(tmp_path / "stub") == before
    assert list(tmp_path.iterdir()) == [tmp_path / "stub"]


def test_force_keeps_a_numbered_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_stub(FILES, tmp_path / "stub")
    monkeypatch.chdir(tmp_path / "stub")
    for number, mine in ((1, b"x = 2\n"), (2, b"x = 3\n")):
        (tmp_path / "stub" / "a.py").write_bytes(mine)
        result = write_stub(FILES, Path(), force=True)
        assert result.backup == tmp_path / f"stub.backup-{number}"
        assert result.written == ("a.py",)
        assert result.kept == ("README.md", "checks/test_a.py")
        assert on_disk(result.backup) == FILES | {"a.py": mine}
        assert on_disk(tmp_path / "stub") == FILES


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("precious\n")
    stub = tmp_path / "stub"
    stub.mkdir()
    (stub / "a.py").symlink_to(outside)
    (stub / "README.md").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"were changed: README\.md, a\.py"):
        write_stub(FILES, stub)
    result = write_stub(FILES, stub, force=True)
    assert outside.read_text() == "precious\n"
    assert not (tmp_path / "nowhere").exists()
    assert on_disk(stub) == FILES
    assert not (stub / "a.py").is_symlink()
    assert result.backup is not None
    assert (result.backup / "a.py").readlink() == outside


@pytest.mark.parametrize("link", ["stub", "stub/checks"])
def test_folders_that_are_links_are_refused(tmp_path: Path, link: str) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to(real)
    with pytest.raises(InputError, match="is a link"):
        write_stub(FILES, tmp_path / "stub", force=True)
    assert list(real.iterdir()) == []


@pytest.mark.parametrize(
    ("in_the_way", "words"), [("stub", "is a file"), ("stub/checks", "is a file"), ("stub/a.py/x", "is not a file")]
)
def test_what_is_in_the_way_is_refused(tmp_path: Path, in_the_way: str, words: str) -> None:
    (tmp_path / in_the_way).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / in_the_way).write_text("x")
    with pytest.raises(InputError, match=words) as raised:
        write_stub(FILES, tmp_path / "stub", force=True)
    assert raised.value.hint


def test_a_folder_that_cannot_be_written_is_refused_in_words() -> None:
    with pytest.raises(InputError, match=r"cannot be written: ") as raised:
        write_stub(FILES, Path("/proc/self/stub"))
    assert raised.value.hint


def test_the_root_is_no_place_for_a_stub() -> None:
    with pytest.raises(InputError, match="no place for an assignment"):
        write_stub(FILES, Path("/"))


@pytest.mark.parametrize("name", ["../a.py", "/tmp/a.py"])
def test_names_stay_in_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="relative"):
        write_stub({name: b""}, tmp_path / "stub")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_whole_files_and_is_told_in_words(tmp_path: Path) -> None:
    """Files may grow to 1000 bytes here, which is how a disk that is full looks to whoever writes."""
    script = """\
import resource, sys
from pathlib import Path
from grader.errors import InputError
from grader.stub import write_stub
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_stub({"a.py": b"x" * 500, "b.py": b"y" * 5000}, Path(sys.argv[1]), force=True)
except InputError as error:
    print(error.message)
"""
    stub = tmp_path / "stub"
    stub.mkdir()
    (stub / "b.py").write_text("mine")
    ran = subprocess.run(
        [sys.executable, "-c", script, str(stub)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "cannot be written: file too large" in ran.stdout
    assert on_disk(stub) == {"a.py": b"x" * 500, "b.py": b"mine"}
    assert on_disk(tmp_path / "stub.backup-1") == {"b.py": b"mine"}
