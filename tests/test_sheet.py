"""A file of another program keeps its bytes, but for the cells that are replaced."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.export.sheet import MAX_SHEET_BYTES, Sheet, read_sheet
from tests.odd_text import ODD, TEXTS

MARKS = {"utf-8": b"", "utf-8-sig": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8) | st.sampled_from(
    [text for text in ODD if "\x00" not in text and text.isprintable() | ("\n" in text) and len(text) < 50]
)


def parse(text: str, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, str, str, str]:
    """Draw a CSV file as other programs write them: its bytes, its text, its delimiter and its encoding."""
    delimiter = draw(st.sampled_from(",;\t"))
    end = draw(st.sampled_from(["\r\n", "\n", "\r"]))
    width = draw(st.integers(2, 4))
    rows = [[f"h{number}" for number in range(width)]]
    rows += draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=4))
    lines = []
    for number, row in enumerate(rows):
        cells = []
        for cell in row:
            needed = any(sign in cell for sign in (delimiter, '"', "\r", "\n"))
            quoted = needed or (number > 0 and draw(st.booleans()))
            cells.append('"' + cell.replace('"', '""') + '"' if quoted else cell)
        lines.append(delimiter.join(cells))
        if number and draw(st.integers(0, 4)) == 0:
            lines.append("")
    text = end.join(lines) + draw(st.sampled_from(["", end, end * 3]))
    encoding = draw(st.sampled_from([*MARKS]))
    return MARKS[encoding] + text.encode(encoding.removesuffix("-sig")), text, delimiter, encoding


@settings(deadline=None)
@given(files())
def test_nothing_to_fill_in_gives_the_same_bytes(drawn: tuple[bytes, str, str, str]) -> None:
    data, text, delimiter, _ = drawn
    sheet = read_sheet(data)
    assert sheet.fill({}) == data
    assert sheet.delimiter == delimiter
    assert [[cell.value for cell in row.cells] for row in sheet.rows] == [row or [""] for row in parse(text, delimiter)]
    for row in sheet.rows:
        for cell in row.cells:
            assert sheet.text[cell.start : cell.end].startswith('"') == cell.is_quoted


@settings(deadline=None)
@given(files(), st.data())
def test_only_the_cells_that_are_filled_in_change(drawn: tuple[bytes, str, str, str], data: st.DataObject) -> None:
    sheet = read_sheet(drawn[0])
    places = [(row, cell) for row, line in enumerate(sheet.rows) for cell in range(len(line.cells)) if row]
    if not places:
        return
    changes = data.draw(st.dictionaries(st.sampled_from(places), CELLS, max_size=4))
    after = read_sheet(sheet.fill(changes))
    assert (after.mark, after.encoding, after.delimiter) == (sheet.mark, sheet.encoding, sheet.delimiter)
    expected = [[cell.value for cell in row.cells] for row in sheet.rows]
    for (row, cell), text in changes.items():
        expected[row][cell] = text
    assert parse(after.text, sheet.delimiter) == [[] if row == [""] else row for row in expected]
    assert [[cell.value for cell in row.cells] for row in after.rows] == expected
    untouched = [
        (before, now)
        for number, (before, now) in enumerate(zip(sheet.rows, after.rows, strict=False))
        if not any(row == number for row, _ in changes)
    ]
    for before, now in untouched:
        assert (
            sheet.text[before.cells[0].start : before.cells[-1].end]
            == (after.text[now.cells[0].start : now.cells[-1].end])
        )


@pytest.mark.parametrize(
    ("line", "filled"),
    [
        ('"ada","",x', '"ada","9.50",x'),  # as the cell was
        ("ada,,x", "ada,9.50,x"),
        ('"ada",,"x"', '"ada","9.50","x"'),  # as its neighbours are
        ('"ada",,x', '"ada",9.50,x'),
        ("ada,  ,x", "ada,9.50,x"),
    ],
)
def test_a_cell_is_quoted_as_what_was_there_or_what_is_near(line: str, filled: str) -> None:
    assert read_sheet(f"a,b,c\n{line}\n".encode()).fill({(1, 1): "9.50"}) == f"a,b,c\n{filled}\n".encode()


def test_a_cell_is_quoted_as_its_column() -> None:
    data = b'a,b\nada,\nbob,"8"\n'
    assert read_sheet(data).fill({(1, 1): "9"}) == b'a,b\nada,"9"\nbob,"8"\n'


def test_what_needs_quotes_has_them() -> None:
    assert read_sheet(b"a,b\n1,\n").fill({(1, 1): 'x,"y"\nz'}) == b'a,b\n1,"x,""y""\nz"\n'


def test_rows_know_their_lines() -> None:
    sheet = read_sheet(b'a,b\r\n"x\r\ny",1\r\n\r\nz,2')
    assert [row.line for row in sheet.rows] == [1, 2, 4, 5]
    assert [place for place, _ in sheet.body] == [1, 3]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'a,b\n"x,1\n', ":2: a quote that is never closed"),
        (b'a,b\nx,1\n"y"z,2\n', ":3: text behind a closing quote"),
        (b"", "is empty"),
        (b"\r\n , \r\n", "is empty"),
        (b"a,b\n\xe9,1\n", ":2: neither UTF-8 nor UTF-16"),
        (b"a,b\n\x00,1\n", ":2: a NUL character"),
    ],
)
def test_what_is_not_csv_is_refused_with_its_line(data: bytes, words: str) -> None:
    with pytest.raises(InputError) as refusal:
        read_sheet(data, "grades.csv")
    assert words in refusal.value.message


def test_workbooks_and_large_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "grades.xlsx"
    path.write_bytes(b"PK\x03\x04rest")
    with pytest.raises(InputError, match="workbook"):
        read_sheet(path)
    with open(path, "wb") as file:
        file.truncate(MAX_SHEET_BYTES + 1)
    with pytest.raises(InputError, match="larger than"):
        read_sheet(path)
    with pytest.raises(InputError, match="no such file"):
        read_sheet(tmp_path / "none.csv")


@settings(deadline=None)
@given(TEXTS)
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    try:
        sheet: Sheet = read_sheet(data)
    except InputError:
        return
    assert sheet.fill({}) == data
