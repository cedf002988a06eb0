"""Small random changes to inputs, made with their grammar in mind, so that most still get past the first check."""

from __future__ import annotations

import copy
import io
import json
import math
import operator
import stat
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from grader.wire import DTYPES, FRAME, MAGIC
from tests.fuzz.seeds import JSON_VALUES, WORDS, names_for_zips

MAX_PAYLOAD = 1 << 14
MAX_REPEATED = 5000  # bytes of an input in which something is repeated many times
Mutation = Callable[[bytes, Random], bytes]


def mutate(target: str, data: bytes, random: Random) -> bytes:
    """Return a changed copy of an input of a target."""
    if random.random() < 0.2:
        return change_bytes(data, random)
    return _MUTATIONS[target](data, random)


def change_bytes(data: bytes, random: Random) -> bytes:
    """Change, drop, repeat or add a few bytes."""
    start = random.randrange(len(data) + 1)
    end = min(len(data), start + random.choice((0, 1, 2, 8, 100)))
    piece = data[start:end]
    new = random.choice((b"", piece * 2, piece[::-1], bytes(len(piece)), random.randbytes(random.randint(1, 8))))
    return data[:start] + new + data[end:]


def change_json(data: bytes, random: Random) -> bytes:
    """Change one value in a JSON tree."""
    try:
        box = [json.loads(data)]
    except (ValueError, RecursionError):
        return change_bytes(data, random)
    places = [(box, 0), *_places(box[0])]
    holder, key = random.choice(places)
    match random.randrange(6):
        case 0:
            other, place = random.choice(places)
            holder[key] = copy.deepcopy(other[place])
        case 1 if holder is not box:
            del holder[key]
        case 2 if isinstance(holder, dict):
            name = random.choice(list(holder))
            holder[name] = holder.pop(key)
        case 3:
            holder[key] = [holder[key]] * _many(data, random)
        case 4 if isinstance(holder[key], str):
            holder[key] = holder[key] * 2 or "x"
        case _:
            holder[key] = random.choice(JSON_VALUES)
    return json.dumps(box[0]).encode()


def _many(data: bytes, random: Random) -> int:
    return random.choice((1, 2, 40)) if len(data) < MAX_REPEATED else 1


def _places(node: Any, depth: int = 0) -> list[tuple[Any, Any]]:
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    here = [(node, key) for key in keys]
    return here if depth > 50 else here + [place for key in keys for place in _places(node[key], depth + 1)]


def change_frame(data: bytes, random: Random) -> bytes:
    """Change the header or the payload of the first frame, and make its lengths right again."""
    if len(data) < FRAME.size or random.random() < 0.1:
        return change_bytes(data, random)
    _, size, payload_size = FRAME.unpack(data[: FRAME.size])
    head, rest = data[FRAME.size :][:size], data[FRAME.size + size :]
    payload, rest = rest[:payload_size], rest[payload_size:]
    if random.random() < 0.8:
        head = change_json(head, random)
        payload = (payload + bytes(MAX_PAYLOAD))[: _payload_size(head, len(payload))]
    elif payload:
        payload = change_bytes(payload, random)[: len(payload)].ljust(len(payload), b"\2")
    return FRAME.pack(MAGIC, len(head), len(payload)) + head + payload + rest * random.choice((1, 1, 0, 2))


def _payload_size(head: bytes, otherwise: int) -> int:
    """Return how many bytes the shapes of a header need, if that is not many."""
    try:
        described = json.loads(head)["tensors"]
        size = sum(math.prod(map(operator.index, shape)) * DTYPES[name].itemsize for name, shape, *_ in described)
    except Exception:
        return otherwise
    return size if 0 <= size <= MAX_PAYLOAD else otherwise


def change_lines(words: Sequence[str]) -> Mutation:
    """Return a mutation of text that is made of lines: YAML, Python."""

    def change(data: bytes, random: Random) -> bytes:
        lines = data.splitlines(keepends=True) or [b""]
        index = random.randrange(len(lines))
        line = lines[index]
        word = random.choice(words).encode("utf-8", "surrogatepass")
        cut = random.randrange(len(line) + 1)
        match random.randrange(8):
            case 0:
                lines[index : index + random.choice((1, 3))] = []
            case 1:
                lines[index] = line * _many(data, random)
            case 2:
                other = random.randrange(len(lines))
                lines[index], lines[other] = lines[other], line
            case 3:
                lines[index] = random.choice((b" ", b"  ", b"\t")) + line
            case 4:
                lines[index] = line[1:]
            case 5:
                key, colon, _ = line.partition(b": ")
                lines[index] = key + colon + word + b"\n"
            case 6:
                lines[index] = line[:cut] + word * _many(data, random) + line[cut:]
            case _:
                parts = line.split(b" ")
                parts[random.randrange(len(parts))] = word
                lines[index] = b" ".join(parts)
        return b"".join(lines)

    return change


def change_notebook(data: bytes, random: Random) -> bytes:
    """Change what is in a cell, or anything else in the file."""
    try:
        notebook = json.loads(data)
        cell = random.choice([cell for cell in notebook["cells"] if isinstance(cell["source"], str)])
    except (ValueError, RecursionError, LookupError, TypeError):
        return change_json(data, random)
    if random.random() < 0.4:
        return change_json(data, random)
    source = cell["source"].encode("utf-8", "surrogatepass")
    cell["source"] = change_lines(WORDS["notebook"])(source, random).decode("utf-8", "replace")
    return json.dumps(notebook).encode()


def change_zip(data: bytes, random: Random) -> bytes:
    """Change, add or rename an entry, and write the zip anew: its checksums are right again."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [(info, archive.read(info)) for info in archive.infolist()[:20] if info.file_size < 1 << 16]
    except Exception:
        return change_bytes(data, random)
    if not entries or random.random() < 0.1:
        entries.append((zipfile.ZipInfo("mean_loss.py"), b"x = 1\n"))
    index = random.randrange(len(entries))
    info, content = entries[index]
    name = info.orig_filename
    match random.randrange(5):
        case 0:
            content = change_bytes(content, random)
        case 1:
            content = (
                random.choice((b"# coding: utf-7\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"PK\3\4", b"")) + content
            )
        case 2:
            info.external_attr = random.choice((stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, 0)) << 16
        case 3:
            entries = [entry for entry in entries if random.random() < 0.7]
        case _:
            name = random.choice(names_for_zips())
    entries[index:] = [(info, content), *entries[index + 1 :]]
    renamed = {id(info): name}
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for one, text in entries:
            fresh = zipfile.ZipInfo(one.orig_filename)
            fresh.filename = renamed.get(id(one), one.orig_filename)
            fresh.external_attr = one.external_attr
            archive.writestr(fresh, text, random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    return buffer.getvalue()


_MUTATIONS: Mapping[str, Mutation] = {
    "wire": change_frame,
    "value": change_json,
    "marker": change_json,
    "event": change_json,
    "notebook": change_notebook,
    "zip": change_zip,
    "stored": change_zip,
    **{name: change_lines(WORDS[name]) for name in WORDS if name not in ("wire", "zip", "marker", "event")},
}
