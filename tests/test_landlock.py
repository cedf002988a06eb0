"""Landlock: what a restricted process can open, with the rights of every kernel since the first that had it."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.sandbox import landlock, seccomp, system

ABI = landlock.find_abi()
KNOWN = 7  # the newest version whose rights the table lists; later ones are only found by trying
pytestmark = pytest.mark.skipif(ABI == 0, reason="this kernel has no Landlock")
USERS = [None, 65_534] if os.geteuid() == 0 else [None]

START = """
import ctypes, errno, json, os, signal, socket, sys
from grader.sandbox import landlock, seccomp, system

def take(user):
    if user is not None:
        os.setgroups([]); os.setresgid(user, user, user); os.setresuid(user, user, user)
    system.set_process(system.PR_SET_NO_NEW_PRIVS, 1)

def attempt(action, *arguments):
    try:
        result = action(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    if action is os.open:
        os.close(result)
    return "done"

def read(path):
    with open(path) as file:
        return file.read()

config = json.loads(sys.argv[1])
tree, user, abi = config["tree"], config.get("user"), config.get("abi")
readable, outside = os.path.join(tree, "readable"), os.path.join(tree, "outside")
answers = {}
"""
RESTRICT = """
paths = landlock.Paths((readable, os.path.join(outside, "single"), os.path.join(tree, "gone")), ("/dev/null",))
ruleset = landlock.build_ruleset(paths, landlock.describe_abi(abi))
take(user)
landlock.restrict(ruleset)
os.close(ruleset)
"""
FINISH = "print(json.dumps(answers))"


def run_child(script: str, **config: Any) -> dict[str, Any]:
    """Run a Python script in a process of its own and return its answers."""
    command = [sys.executable, "-c", START + script + FINISH, json.dumps(config)]
    child = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert child.returncode == 0, child.stderr
    answers: dict[str, Any] = json.loads(child.stdout)
    return answers


@pytest.fixture(params=USERS, ids=lambda user: "same" if user is None else "nobody")
def user(request: pytest.FixtureRequest) -> int | None:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def tree(user: int | None) -> Iterator[Path]:
    """Two folders that belong to the user, who could read and write all of them but for Landlock."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("readable/deep/file", "readable/file", "outside/file", "outside/single"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("content")
        (root / "readable" / "link").symlink_to(root / "outside" / "file")
        for place in (root, *root.rglob("*")):
            os.chown(place, os.geteuid() if user is None else user, -1, follow_symlinks=False)
        yield root


def read_tree(root: Path) -> dict[str, str]:
    """Return the content of every file; links count as what they are."""
    return {
        str(path.relative_to(root)): str(path.readlink()) if path.is_symlink() else path.read_text()
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def needs(abi: int) -> Any:
    return pytest.param(abi, marks=pytest.mark.skipif(abi > ABI, reason=f"this kernel has Landlock ABI {ABI} only"))


@pytest.mark.parametrize("abi", [needs(abi) for abi in range(1, KNOWN + 1)])
def test_files_with_the_rights_of_each_kernel(abi: int, tree: Path, user: int | None) -> None:
    script = """
answers["read"] = [
    attempt(read, os.path.join(readable, "file")),
    attempt(read, os.path.join(readable, "deep", "file")),
    attempt(os.listdir, readable),
    attempt(read, os.path.join(outside, "single")),
]
answers["read outside"] = [
    attempt(read, os.path.join(outside, "file")),
    attempt(read, os.path.join(readable, "link")),
    attempt(read, os.path.join(readable, "..", "outside", "file")),
    attempt(os.listdir, outside),
    attempt(os.listdir, tree),
    attempt(read, "/proc/self/status"),
]
answers["write"] = [
    attempt(os.open, path, flags)
    for path in (os.path.join(readable, "file"), os.path.join(outside, "file"), os.path.join(outside, "single"))
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC, os.O_WRONLY | os.O_APPEND)
]
answers["change"] = [
    attempt(*change)
    for folder in (readable, outside)
    for file, new in [(os.path.join(folder, "file"), os.path.join(folder, "new"))]
    for change in (
        (os.open, new, os.O_WRONLY | os.O_CREAT), (os.open, folder, os.O_RDWR | os.O_TMPFILE), (os.unlink, file),
        (os.rename, file, new), (os.mkdir, new), (os.mkfifo, new), (os.symlink, file, new), (os.link, file, new),
    )
]
answers["null"] = [attempt(os.open, "/dev/null", os.O_RDWR), attempt(lambda: open("/dev/null", "w").close())]
answers["zero"] = attempt(os.open, "/dev/zero", os.O_RDONLY)
"""
    before = read_tree(tree)
    answers = run_child(RESTRICT + script, tree=str(tree), user=user, abi=abi)
    assert answers["read"] == ["done"] * 4
    assert answers["read outside"] == ["EACCES"] * 6
    assert answers["write"] == ["EACCES"] * 12
    assert answers["change"] == ["EACCES"] * 16
    assert answers["null"] == ["done"] * 2
    assert answers["zero"] == "EACCES"
    assert read_tree(tree) == before


@pytest.mark.skipif(not seccomp.is_supported(), reason="no seccomp filters in this kernel")
@pytest.mark.parametrize("abi", [needs(abi) for abi in range(1, KNOWN + 1)])
def test_files_keep_their_content_with_the_filter_on_top(abi: int, tree: Path, user: int | None) -> None:
    """What the first kernels with Landlock do not see: emptying files by flags that are not writing, or by path."""
    script = """
seccomp.install(seccomp.build_filter(os.getpid()))
answers["emptied"] = [
    attempt(*change)
    for path in (os.path.join(readable, "file"), os.path.join(outside, "file"), os.path.join(outside, "single"))
    for change in ((os.open, path, os.O_RDONLY | os.O_TRUNC), (os.open, path, 3), (os.open, path, 3 | os.O_TRUNC),
                   (os.truncate, path, 0), (os.chmod, path, 0), (os.utime, path))
]
answers["made"] = [attempt(os.open, folder, 3 | os.O_TMPFILE) for folder in (readable, outside)]
answers["read"] = [attempt(read, os.path.join(readable, "file")), attempt(os.listdir, readable)]
answers["null"] = attempt(lambda: open("/dev/null", "w").close())
"""
    before = read_tree(tree)
    answers = run_child(RESTRICT + script, tree=str(tree), user=user, abi=abi)
    assert answers == {"emptied": ["EPERM"] * 18, "made": ["EPERM"] * 2, "read": ["done"] * 2, "null": "done"}
    assert read_tree(tree) == before


@pytest.mark.parametrize("abi", [needs(abi) for abi in range(1, KNOWN + 1)])
def test_older_kernels_are_imitated_truthfully(abi: int, tree: Path, user: int | None) -> None:
    """What a kernel does not know, a ruleset made for it does not restrict; and what it knows, it does."""
    script = """
answers["truncate"] = attempt(os.truncate, os.path.join(readable, "file"), 0)
internet = socket.socket()
answers["connect"] = attempt(internet.connect, ("127.0.0.1", 1))
answers["bind"] = attempt(internet.bind, ("127.0.0.1", 0))
abstract = socket.socket(socket.AF_UNIX)
answers["abstract"] = attempt(abstract.connect, config["abstract"])
answers["signal"] = attempt(os.kill, os.getppid(), 0) if user is None else None
"""
    address = f"\0{tree}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        answers = run_child(RESTRICT + script, tree=str(tree), user=user, abi=abi, abstract=address)
    assert answers["truncate"] == ("done" if abi < 3 else "EACCES")
    assert answers["connect"] in (("ECONNREFUSED", "ENETUNREACH") if abi < 4 else ("EACCES",))
    assert answers["bind"] == ("done" if abi < 4 else "EACCES")
    assert answers["abstract"] == ("done" if abi < 6 else "EPERM")
    assert answers["signal"] == (None if user is not None else "done" if abi < 6 else "EPERM")


@pytest.mark.parametrize("abi", [needs(abi) for abi in range(1, KNOWN + 1)])
def test_what_is_known_is_what_this_kernel_takes(abi: int) -> None:
    """A version's rights are accepted, and for this kernel's own version they are all that there are."""
    known, support = landlock.describe_abi(abi), landlock.find_support()
    os.close(landlock._create_ruleset(known))
    assert known.rights & ~support.rights == known.network & ~support.network == known.scopes & ~support.scopes == 0
    if abi == ABI:
        assert support == known


def test_support_by_version() -> None:
    described = [landlock.describe_abi(abi) for abi in range(9)]
    assert [support.rights.bit_length() for support in described] == [0, 13, 14, 15, 15, 16, 16, 16, 16]
    assert [support.network for support in described] == [0] * 4 + [3] * 5
    assert [support.scopes for support in described] == [0] * 6 + [3] * 3
    assert landlock.READ == 0b1100, "nothing may be executed"


def test_every_bit_that_this_kernel_takes_is_found() -> None:
    """The kernel is asked about each bit by itself."""
    support = landlock.find_support()
    for position, found in enumerate((support.rights, support.network, support.scopes)):
        if (1, 4, 6)[position] <= ABI:  # the version that brought this field
            assert found == sum(1 << bit for bit in range(64) if kernel_takes(position, 1 << bit))


def kernel_takes(position: int, bits: int) -> bool:
    fields = [0, 0, 0]
    fields[position] = bits
    size, flags = ctypes.c_size_t(8 * (position + 1)), ctypes.c_uint32(0)
    try:
        os.close(system.call(landlock.CREATE_RULESET, struct.pack("3Q", *fields), size, flags))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return False
    return True


class Kernel:
    """Stands for kernels that are not at hand: creates rulesets of the bits that it knows."""

    def __init__(self, abi: int, rights: int, network: int, scopes: int) -> None:
        self.abi = abi
        self.known = (rights, network, scopes)
        self.calls = 0

    def call(self, number: int, *arguments: Any) -> int:
        assert number == landlock.CREATE_RULESET
        attributes, size, flags = arguments
        self.calls += 1
        if flags.value:
            return self.abi
        if size.value > (24 if self.abi >= 6 else 16 if self.abi >= 4 else 8):
            raise OSError(errno.E2BIG, "more fields than this kernel has")
        fields = struct.unpack("3Q", attributes)[: size.value // 8]
        if any(bits & ~known for bits, known in zip(fields, self.known, strict=False)):
            raise OSError(errno.EINVAL, "unknown bits")
        return os.open("/dev/null", os.O_RDONLY)


@pytest.mark.parametrize(
    ("abi", "rights", "network", "scopes"),
    [
        (9, 17, 2, 2),
        (10, 17, 4, 2),
        (12, 20, 5, 4),
        (8, 16, 2, 2),
        (7, 17, 2, 2),
        (5, 16, 3, 0),
        (3, 15, 0, 0),
        (40, 64, 64, 64),
    ],
)
def test_newer_kernels_are_handled_in_full(
    abi: int, rights: int, network: int, scopes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bits = ((1 << rights) - 1, (1 << network) - 1, (1 << scopes) - 1)
    kernel = Kernel(abi, *bits)
    monkeypatch.setattr(system, "call", kernel.call)
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert landlock.find_support() == landlock.Support(abi, *bits)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert kernel.calls <= 15 or abi == 40


def test_trouble_while_asking_is_not_taken_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def call(_: int, *arguments: Any) -> int:
        if arguments[2].value:
            return 7
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(system, "call", call)
    with pytest.raises(OSError, match="too many open files"):
        landlock.find_support()


def test_a_kernel_without_landlock_is_told_apart() -> None:
    script = """
import platform, struct
rows = [(0x20, 0, 0, 0), (0x15, 0, 1, 444), (6, 0, 0, 0x50000 | config["code"]), (6, 0, 0, 0x7fff0000)]
system.set_process(system.PR_SET_NO_NEW_PRIVS, 1)
seccomp.install(b"".join(struct.pack("HBBI", *row) for row in rows))
support = landlock.find_support()
answers["found"] = [landlock.find_abi(), support.abi, support.rights, support.network, support.scopes]
answers["build"] = attempt(landlock.build_ruleset, landlock.Paths((), ()))
"""
    if not seccomp.is_supported():
        pytest.skip("no seccomp filters in this kernel")
    for code in (errno.ENOSYS, errno.EOPNOTSUPP):
        answers = run_child(script, tree="/", code=code)
        assert answers == {"found": [0] * 5, "build": errno.errorcode[code]}


def test_a_ruleset_without_support_given_has_all_of_it(tree: Path, user: int | None) -> None:
    script = """
ruleset = landlock.build_ruleset(landlock.Paths((readable,), ()))
take(user)
landlock.restrict(ruleset)
answers["read"] = attempt(read, os.path.join(readable, "file"))
answers["null"] = attempt(os.open, "/dev/null", os.O_RDONLY)
answers["truncate"] = attempt(os.truncate, os.path.join(readable, "file"), 0)
answers["connect"] = attempt(socket.socket().connect, ("127.0.0.1", 1))
answers["signal"] = attempt(os.kill, os.getppid(), 0)
"""
    answers = run_child(script, tree=str(tree), user=user)
    assert answers["read"] == "done"
    assert answers["null"] == "EACCES"
    assert answers["truncate"] == ("done" if ABI < 3 else "EACCES")
    assert answers["connect"] in (("ECONNREFUSED", "ENETUNREACH") if ABI < 4 else ("EACCES",))
    assert ABI < 6 or answers["signal"] == "EPERM"


def test_a_link_allows_what_it_leads_to(tree: Path, user: int | None) -> None:
    script = """
paths = landlock.Paths((os.path.join(readable, "link"), os.path.join(tree, "shortcut")), ())
ruleset = landlock.build_ruleset(paths)
take(user)
landlock.restrict(ruleset)
answers["linked"] = [attempt(read, os.path.join(readable, "link")), attempt(read, os.path.join(outside, "file"))]
answers["shortcut"] = [attempt(os.listdir, os.path.join(readable, "deep")), attempt(os.listdir, readable)]
answers["beside"] = attempt(read, os.path.join(outside, "single"))
"""
    (tree / "shortcut").symlink_to(tree / "readable" / "deep")
    answers = run_child(script, tree=str(tree), user=user)
    assert answers == {"linked": ["done"] * 2, "shortcut": ["done", "EACCES"], "beside": "EACCES"}


def test_paths_that_are_gone_are_left_out_and_other_trouble_is_told(tree: Path) -> None:
    script = """
take(config["nobody"])
before = len(os.listdir("/proc/self/fd"))
def build(*paths):
    try:
        os.close(landlock.build_ruleset(landlock.Paths(paths, ())))
    except OSError as error:
        return [errno.errorcode[error.errno], error.filename]
    return "built"
gone = [os.path.join(tree, "gone"), os.path.join(readable, "file", "below"), os.path.join(tree, "dangling")]
answers["gone"] = [build(path, readable) for path in gone]
answers["loop"] = build(os.path.join(tree, "loop"))
answers["closed"] = build(readable, os.path.join(tree, "closed", "file"))
answers["descriptors"] = len(os.listdir("/proc/self/fd")) - before
"""
    (tree / "dangling").symlink_to(tree / "gone")
    (tree / "loop").symlink_to(tree / "loop")
    (tree / "closed").mkdir()
    (tree / "closed" / "file").write_text("content")
    tree.chmod(0o755)
    (tree / "closed").chmod(0)
    try:
        nobody = 65_534 if os.geteuid() == 0 else None
        answers = run_child(script, tree=str(tree), nobody=nobody)
    finally:
        (tree / "closed").chmod(0o700)
    assert answers["gone"] == ["built"] * 3
    assert answers["loop"] == ["ELOOP", str(tree / "loop")]
    assert answers["closed"] == ["EACCES", str(tree / "closed" / "file")]
    assert answers["descriptors"] == 0
