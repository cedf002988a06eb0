"""Text from outside is made harmless; amounts read well."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.display import (
    clean_line,
    clean_text,
    format_amount,
    format_moment,
    format_percent,
    format_points,
    list_names,
    shorten_lines,
    timestamp,
)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("tab\tand\nnewline", "tab\tand\nnewline"),
        ("a\r\nb\rc\x85d\u2028e", "a\nb\nc\nd\ne"),
        ("\x1b[31mred\x1b[0m", "\u241b[31mred\u241b[0m"),
        ("bell\x07 null\x00 delete\x7f", "bell\u2407 null\u2400 delete\u2421"),
        ("\x9b31m", "\ufffd31m"),
        ("safe\u202egnp.exe\u2066x\u2069", "safegnp.exex"),
        ("zero\u200bwidth\ufeff\u00ad", "zerowidth"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
        ("tag\U000e0041", "tag"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\U0001f469\u200d\U0001f52c", "\U0001f469\u200d\U0001f52c"),
        ("損失 é ñ", "損失 é ñ"),
    ],
)
def test_what_would_act_on_a_terminal_is_shown_or_taken_out(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


def test_a_pile_of_combining_marks_is_cut_down() -> None:
    assert clean_text("e" + "\u0301" * 500 + "x") == "e" + "\u0301" * 8 + "x"


def test_a_long_text_ends_in_an_ellipsis() -> None:
    assert clean_text("x" * 11, limit=10) == "x" * 9 + "…"
    assert clean_text("x" * 10, limit=10) == "x" * 10


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=60), st.integers(min_value=1, max_value=50))
def test_nothing_harmful_is_left_and_cleaning_again_changes_nothing(text: str, limit: int) -> None:
    cleaned = clean_text(text, limit)
    assert len(cleaned) <= limit
    assert clean_text(cleaned, limit) == cleaned
    cleaned.encode("utf-8")
    categories = {unicodedata.category(character) for character in cleaned if character not in "\n\t"}
    assert not categories & {"Cc", "Cs", "Zl", "Zp"}
    assert "\n" not in clean_line(text)


def test_only_as_many_lines_as_fit_are_kept() -> None:
    assert shorten_lines("a\nb\nc\n", 3) == "a\nb\nc"
    assert shorten_lines("a\nb\nc\nd", 3) == "a\nb\nc\n… 1 more line"
    assert shorten_lines("a\nb\nc\nd\ne", 3) == "a\nb\nc\n… 2 more lines"


@pytest.mark.parametrize(
    ("amount", "text"),
    [(9, "9"), (Fraction(5, 2), "2.5"), (Fraction(1, 3), "0.33"), (Fraction(2, 3), "0.67"), (0, "0"), (100, "100")],
)
def test_amounts_have_no_more_digits_than_they_need(amount: int, text: str) -> None:
    assert format_amount(Fraction(amount)) == text


def test_points_agree_with_their_number() -> None:
    assert format_points(Fraction(1)) == "1 point"
    assert format_points(Fraction(1, 2)) == "0.5 points"


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (None, "\u2013"),
        (Fraction(0), "0 %"),
        (Fraction(1), "100 %"),
        (Fraction(1, 1000), "< 1 %"),
        (Fraction(999, 1000), "> 99 %"),
        (Fraction(2, 3), "67 %"),
    ],
)
def test_only_none_and_all_read_as_none_and_all(rate: Fraction | None, text: str) -> None:
    assert format_percent(rate) == text


def test_long_lists_of_names_end_in_their_number() -> None:
    assert list_names(["ada", "b\x1bob"]) == "ada, b\u241bob"
    assert list_names([f"s{number}" for number in range(5)], most=2) == "s0, s1 and 3 more"


def test_moments_are_told_in_utc_to_the_second() -> None:
    moment = datetime(2026, 11, 23, 12, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(moment) == "2026-11-23T10:00:00Z"
    assert timestamp(datetime(2026, 11, 23, 10)) == timestamp(datetime(2026, 11, 23, 10, tzinfo=UTC))
    assert timestamp(None) is None


def test_moments_are_told_in_a_zone_to_the_minute() -> None:
    moment = datetime(2026, 11, 30, 22, 59, 59, 999_999, tzinfo=UTC)
    assert format_moment(moment, ZoneInfo("Europe/Berlin")) == "Mon 30 Nov 2026 23:59 CET"
    assert format_moment(moment, UTC) == "Mon 30 Nov 2026 22:59 UTC"
