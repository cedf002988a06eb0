from __future__ import annotations

import math
from pathlib import Path

import pytest

from grader.errors import InputError, SpecError
from grader.yaml_source import MAX_DEPTH, MAX_PROBLEMS, MAX_VALUES, Document, parse, parse_bytes, read, resolve


def problems(text: str) -> list[str]:
    with pytest.raises(SpecError) as raised:
        parse(text, "f.yaml")
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2026-11-25", "2026-11-25"),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        (".5", 0.5),
        ("5.", 5.0),
        ("-7", -7),
        ("007", 7),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("~", None),
        ("null", None),
        ("", None),
        ("-.inf", -math.inf),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("٣", "٣"),
    ],
)
def test_plain_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)
    assert parse(f"- {text}", "f.yaml").value == [value]


def test_nan_is_a_number() -> None:
    nan = resolve(".nan")
    assert isinstance(nan, float)
    assert math.isnan(nan)


def test_quoted_blocks_and_str_tags_stay_text() -> None:
    document = parse("a: '5'\nb: \"true\"\nc: |\n  1\nd: !!str 6\ne: ''\n", "f.yaml")
    assert document.value == {"a": "5", "b": "true", "c": "1\n", "d": "6", "e": ""}


def test_keys_are_text() -> None:
    assert parse("1: a\ntrue: b\n~: c\n<<: d\n1.0: e\n", "f.yaml").value == {
        "1": "a",
        "true": "b",
        "~": "c",
        "<<": "d",
        "1.0": "e",
    }


def test_places_of_values_and_keys() -> None:
    document = parse("é: ü\nlist:\n  - a: 0.10\n    b: [x, y]\n", "f.yaml")
    assert document.locate(("é",)) == (1, 4)
    assert document.locate(("list", 0, "b", 1)) == (4, 12)
    assert document.locate_key(("list", 0, "b")) == (4, 5)
    assert document.text(("list", 0, "a")) == "0.10"
    assert document.text(("list", 0, "b")) is None
    assert document.locate(("list", 0, "missing", "deeper")) == (3, 5)  # the nearest thing around it
    assert str(document.problem(("list", 0, "a"), "no")) == "f.yaml:3:8: no"
    assert str(document.problem(("list", 0, "a"), "no", key=True)) == "f.yaml:3:5: no"


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "\ufeff"])
def test_nothing_is_none(text: str) -> None:
    document = parse_bytes(text.encode(), "f.yaml")
    assert document.value is None
    assert document.locate(("a",))[1] == 1


def test_every_duplicate_key_is_named_with_the_first() -> None:
    assert problems("a: 1\nb: 2\na: 3\nc: {d: 1, d: 2}\n") == [
        "f.yaml:3:1: the key 'a' is given twice; the first is on line 1",
        "f.yaml:4:11: the key 'd' is given twice; the first is on line 4",
    ]


def test_aliases_and_anchors_and_tags_are_refused() -> None:
    anchors, aliases, tags = problems("a: &x [1]\nb: *x\nc: !!python/object/apply:os.system [id]\n")
    assert anchors.startswith("f.yaml:1:4: anchors (&x) are not used here")
    assert aliases.startswith("f.yaml:2:4: aliases (*x) are not used here")
    assert tags.startswith("f.yaml:3:4: tags (!) are not used here")


@pytest.mark.timeout(60)
def test_an_alias_bomb_is_refused_at_once() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
    assert len(problems(bomb)) == MAX_PROBLEMS


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: [1,\nb: 2", "f.yaml:3:1", "a bracket left open"),
        ("a: 'x\nb: 2", "f.yaml:2:5", "a quote left open"),
        ("a: b: c", "f.yaml:1:5", "in quotes"),
        ("a:\n\tb: 1", "f.yaml:2:1", "spaces"),
        ("a: 1\n b: 2", "f.yaml:2:3", "not YAML"),
        ("a: @x", "f.yaml:1:4", "in quotes"),
        (" a: 1\nb: 2", "f.yaml:2:1", "a blank before the first one"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1", "second document"),
        ("? [a]\n: 1", "f.yaml:1:3", "a key must be plain text"),
        ("x: y\na: \0", "f.yaml:2:4", "U+0000"),
        ("a: \ud800", "f.yaml:1:4", "U+D800"),
        ("a: " + "9" * 5000, "f.yaml:1:4", "digits"),
        ('a: "\\d"', "f.yaml:1:5", "single quotes"),
    ],
)
def test_broken_text_is_refused_where_it_breaks(text: str, place: str, words: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(place + ": ")
    assert words in problem


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", ["[" * 500_000, "- " * 200_000, "{a: " * 200_000])
def test_deep_nesting_is_refused_quickly(text: str) -> None:
    assert len(problems(text)) == 1


def test_nesting_up_to_the_limit_is_fine() -> None:
    text = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert parse(text, "f.yaml").value is not None
    assert "levels deep" in problems(f"[{'[' * MAX_DEPTH}{']' * MAX_DEPTH}]")[0]


def test_too_many_values_are_refused() -> None:
    assert "values in one file" in problems("- 1\n" * (MAX_VALUES + 1))[0]


def test_long_names_are_not_echoed() -> None:
    assert len(problems("- &" + "a" * 100_000 + " 1")[0]) < 200


def test_a_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_bytes("\ufeffa: é\r\nb: 2\r\n".encode())
    assert read(tmp_path / "f.yaml").value == {"a": "é", "b": 2}


def test_not_utf8_is_refused_where_it_is_not() -> None:
    with pytest.raises(SpecError, match=r"^f\.yaml:2:4: this is not UTF-8 text"):
        parse_bytes("a: 1\nb: é".encode("latin-1"), "f.yaml")


def test_size_is_capped_before_reading_on(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_bytes(b"a" * 101)
    with pytest.raises(SpecError, match="larger than 100 bytes"):
        read(tmp_path / "f.yaml", max_bytes=100)


def test_a_file_that_is_missing_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read(tmp_path / "f.yaml")
    with pytest.raises(InputError, match="cannot be read: is a directory"):
        read(tmp_path)


def test_values_are_plain_and_documents_are_frozen() -> None:
    document = parse("a: [1, {b: c}]", "f.yaml")
    assert isinstance(document, Document)
    assert document.value == {"a": [1, {"b": "c"}]}
    with pytest.raises(AttributeError):
        document.value = None  # type: ignore[misc]
