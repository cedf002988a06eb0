"""Receipts: what was handed in, by whom and when, signed by whoever keeps the gradebook (Ed25519, RFC 8032).

A receipt says nothing of the work itself but its digest. It is made of a submission's row, which never changes, so it
can be made again as long as the key is there; and who has the public key can verify it without the gradebook.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from grader.display import clean_line, timestamp
from grader.errors import InputError, reason_of
from grader.gradebook import Entry, Gradebook
from grader.language import _, later

FORMAT = 1
MAX_BYTES = 20_000
_PURPOSE = b"grader receipt\n"  # signed with every receipt, so that no signature is good for anything else
_KEY_BYTES, _SIGNATURE_BYTES = 32, 64
_HINT = later("a receipt is the JSON file that `grader submit` or `grader receipt show` wrote")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is signed: the course's title, the submission, its attempt, digest and moment (UTC, to the second)."""

    course: str
    assignment: str
    students: tuple[str, ...]
    submission: str
    attempt: int
    digest: str
    submitted_at: str


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A receipt with its signature, and the public key that it claims to be signed for."""

    receipt: Receipt
    key: bytes
    signature: bytes

    @property
    def is_genuine(self) -> bool:
        """Was it signed with this key, and not changed since? Whose key it is, is another question."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(self.signature, _signed_bytes(self.receipt))
        except (InvalidSignature, ValueError):
            return False
        return True


def sign_receipt(course: str, gradebook: Gradebook, entry: Entry, now: datetime) -> SignedReceipt:
    """Return the receipt of a stored submission, signed with the gradebook's key; ``course`` is the course's title.

    Raises:
        GradebookError: the key cannot be read, or not be stored.
    """
    submitted_at = timestamp(entry.submitted_at) or ""
    receipt = Receipt(course, entry.assignment, entry.students, entry.id, entry.number, entry.digest, submitted_at)
    private = _load_key(gradebook, now)
    return SignedReceipt(receipt, private.public_key().public_bytes_raw(), private.sign(_signed_bytes(receipt)))


def public_key(gradebook: Gradebook, now: datetime) -> bytes:
    """Return the public key of a gradebook's receipts, 32 bytes."""
    raw: bytes = _load_key(gradebook, now).public_key().public_bytes_raw()
    return raw


def _load_key(gradebook: Gradebook, now: datetime) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    stored = gradebook.signing_key(lambda: Ed25519PrivateKey.generate().private_bytes_raw(), now)
    return Ed25519PrivateKey.from_private_bytes(stored)


def _signed_bytes(receipt: Receipt) -> bytes:
    """Return one and the same text for one receipt, whatever wrote the file."""
    fields = {"format": FORMAT, **asdict(receipt)}
    return _PURPOSE + json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


# Files.


def to_json(signed: SignedReceipt) -> dict[str, Any]:
    """Return a signed receipt for machines."""
    fields = asdict(signed.receipt) | {"students": list(signed.receipt.students)}
    return {"format": FORMAT, **fields, "key": format_key(signed.key), "signature": _to_text(signed.signature)}


def write_receipt(signed: SignedReceipt) -> bytes:
    """Return the file of a signed receipt."""
    return (json.dumps(to_json(signed), indent=2, ensure_ascii=True) + "\n").encode("ascii")


def read_receipt(path: Path) -> SignedReceipt:
    """Read the file of a receipt, which nobody vouches for.

    Raises:
        InputError: it cannot be read, or is no receipt.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        message = _("{path} cannot be read: {reason}", path=path, reason=reason_of(error))
        raise InputError(message, _(_HINT)) from None
    try:
        if len(data) > MAX_BYTES:
            raise ValueError(_("it is larger than {most:,} bytes", most=MAX_BYTES))
        return _from_json(json.loads(data))
    except json.JSONDecodeError:
        why = _("it is not JSON")
    except RecursionError:
        why = _("nested too deeply")
    except ValueError as error:
        why = clean_line(str(error), 200)
    raise InputError(_("{path} is no receipt: {why}", path=path, why=why), _(_HINT))


def _from_json(data: object) -> SignedReceipt:
    if not isinstance(data, dict):
        raise ValueError(_("it holds no object"))
    if data.get("format") != FORMAT:
        raise ValueError(_("its format is not {number}", number=FORMAT))
    students = data.get("students")
    if not isinstance(students, list) or not students or not all(isinstance(one, str) for one in students):
        raise ValueError(_("{key!r} is no list of ids", key="students"))
    attempt = data.get("attempt")
    if isinstance(attempt, bool) or not isinstance(attempt, int):
        raise ValueError(_("{key!r} is no number", key="attempt"))
    receipt = Receipt(
        course=_take_text(data, "course"),
        assignment=_take_text(data, "assignment"),
        students=tuple(students),
        submission=_take_text(data, "submission"),
        attempt=attempt,
        digest=_take_text(data, "digest"),
        submitted_at=_take_text(data, "submitted_at"),
    )
    key = parse_key(_take_text(data, "key"))
    return SignedReceipt(receipt, key, _from_text(_take_text(data, "signature"), _SIGNATURE_BYTES, "'signature'"))


def _take_text(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise ValueError(_("{key!r} is no text", key=name))
    return value


def format_key(key: bytes) -> str:
    """Return a public key as people pass it on: base64, 44 characters."""
    return _to_text(key)


def parse_key(text: str) -> bytes:
    """Return the public key that ``format_key`` wrote.

    Raises:
        ValueError: it is none.
    """
    return _from_text(text.strip(), _KEY_BYTES, "'key'")


def _to_text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _from_text(text: str, length: int, what: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != length:
        raise ValueError(_("{key} is not {length} bytes in base64", key=what, length=length))
    return data
