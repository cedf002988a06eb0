"""The token that an LMS knows an instructor by. It is shown to nobody but the LMS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from grader.errors import InputError

HIDDEN = "(token)"


class Token:
    """A secret that no accident prints: its text is asked for by ``reveal`` alone."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return HIDDEN

    def reveal(self) -> str:
        """Return the token, to be sent to the LMS and nowhere else."""
        return self._text

    def hide_in(self, text: str) -> str:
        """Return a text without the token, in case that the other side repeated it."""
        return text.replace(self._text, HIDDEN).replace(quote(self._text, safe=""), HIDDEN)


def find_token(lms: str, host: str, environment: Mapping[str, str]) -> Token:
    """Return the token for an LMS: from ``CANVAS_TOKEN`` or ``MOODLE_TOKEN``, else from the keyring if there is one.

    Raises:
        InputError: there is none, or it cannot be one.
    """
    variable, account = f"{lms.upper()}_TOKEN", f"{lms}:{host}"
    text = environment.get(variable) or _ask_keyring(account)
    if not text:
        hint = f"set {variable} in the environment, or keep it with `keyring set grader {account}`"
        raise InputError(f"there is no token for {lms.capitalize()} at {host}", hint)
    text = text.strip()
    if not re.fullmatch(r"[\x21-\x7e]{8,4096}", text):
        raise InputError(f"what is in {variable} or the keyring cannot be a token", "copy it again, and nothing else")
    return Token(text)


def _ask_keyring(account: str) -> str | None:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    try:
        found: str | None = keyring.get_password("grader", account)
    except keyring.errors.KeyringError:  # such as a machine without a desktop
        return None
    return found
