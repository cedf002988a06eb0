"""Recognises known mistakes by what they compute: values and gradients on fixed inputs, never the source.

A file of hidden checks may define ``fingerprint(submission)``, which yields what ``observe`` returns. It is computed
of the reference solution and of every known mistake in this process, and of a submission that failed a check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grader.examiner.exceptions import StudentError

MAX_ENTRIES = 64  # of one observation
MAX_DEPTH = 3  # of containers in a result
MAX_ELEMENTS = 4096  # of one tensor
MIN_EVIDENCE = 2
TOLERANCE = 1e-4  # of the largest value in an entry: ways of computing the same differ by far less, mistakes by more
NOISE = 1e-6  # of the largest value in an observation: smaller ones are what rounding leaves of zero
# What a RuntimeError of torch is about.
TOPICS = {
    "in place": re.compile(r"in-?place", re.IGNORECASE),
    "numpy": re.compile(r"numpy\("),
    "graph freed": re.compile(r"second time"),
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """A tensor or number that came back. ``single``: all of its float64 values have no more digits than float32."""

    kind: str
    values: Tensor
    single: bool = False


Entry = Numbers | str
"""A string stands for what has no value: an exception, a missing gradient, an object."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one call gave. Observations of the same ``part`` are compared together."""

    part: str
    entries: tuple[Entry, ...]
    extreme: bool = False


Fingerprint = tuple[Observation, ...]


def observe(
    part: str, call: Callable[..., object], *inputs: Any, gradients: bool = True, extreme: bool = False
) -> Observation:
    """Call ``call(*inputs)``, and again with floating-point inputs that require gradients; return what was seen.

    Args:
        part: what is looked at, such as one function. A mistake is told by the parts in which it differs from the
            reference, and must agree in all observations of such a part; parts are judged apart from each other.
        call: calls something of the submission. It gets copies, so that inputs which are changed harm nobody.
        inputs: small tensors, or anything else that can cross to a submission; fixed, or from a seeded generator.
        gradients: look at the gradients of the result, each of its values weighted differently.
        extreme: where right programs differ too (huge logits, the last digits of float64). Such a part tells a
            mistake only if that differs from the reference nowhere else.
    """
    entries = list(_try(lambda: _read(call(*map(_copy, inputs)))))
    if gradients and any(isinstance(entry, Numbers) for entry in entries) and any(map(_is_floating, inputs)):
        entries += _try(lambda: _differentiate(call, inputs))
    return Observation(part, tuple(entries[:MAX_ENTRIES]), extreme)


def take_fingerprint(function: Callable[[Any], Iterator[Observation]], submission: Any) -> Fingerprint:
    """Return all observations of a submission.

    Raises:
        StudentError: the submission broke outside of an observed call.
        TypeError: the function yields something else.
    """
    observations = tuple(function(submission))
    for observation in observations:
        if not isinstance(observation, Observation):
            raise TypeError("fingerprint(submission) must yield what observe(…) returns")
    return observations


class KnownMistakes:
    """The fingerprints of a question's known mistakes, and the parts in which each differs from the reference."""

    def __init__(self, reference: Fingerprint, mistakes: Mapping[str, Fingerprint]) -> None:
        self._reference = reference
        self._mistakes = dict(mistakes)
        self._ordinary = {one.part for one in reference if not one.extreme}
        self._telling = {name: _telling_parts(mistake, reference) for name, mistake in mistakes.items()}

    def recognise(self, found: Fingerprint) -> tuple[str, ...]:
        """Return the mistakes that a submission computes like, in their order; none where it is not certain.

        A mistake is told by the parts in which it differs from the reference. The submission must agree with it in such
        a part, on enough values that chance is ruled out. What another mistake explains better, or two equally well, is
        left out. What only extreme inputs show must be shown by all of them, of a submission that is right otherwise.
        """
        sound = all(_agrees(found, self._reference, part) for part in self._ordinary)
        agreed: dict[str, frozenset[str]] = {}
        for name, mistake in self._mistakes.items():
            telling = self._telling[name]
            parts = frozenset(part for part in telling if _agrees(found, mistake, part))
            certain = telling & self._ordinary or (sound and parts == telling)
            if parts and certain and _count_evidence(mistake, parts) >= MIN_EVIDENCE:
                agreed[name] = parts
        whole = {name for name, parts in agreed.items() if parts == self._telling[name]}
        largest = [name for name in agreed if not any(agreed[name] < other for other in agreed.values())]
        return tuple(name for name in largest if _is_alone(name, largest, agreed, whole))


def _is_alone(name: str, names: Sequence[str], agreed: Mapping[str, frozenset[str]], whole: set[str]) -> bool:
    """Is it the only one that explains its parts, or the only one of them that has no other?"""
    rivals = [other for other in names if other != name and agreed[other] == agreed[name]]
    return not rivals or (name in whole and not whole.intersection(rivals))


def _telling_parts(fingerprint: Fingerprint, reference: Fingerprint) -> frozenset[str]:
    extreme = {observation.part for observation in fingerprint if observation.extreme}
    parts = {observation.part for observation in fingerprint}
    different = {part for part in parts if not _agrees(reference, fingerprint, part)}
    return frozenset(different - extreme or different)


def _agrees(found: Fingerprint, wanted: Fingerprint, part: str) -> bool:
    """Do two fingerprints agree in all observations of a part? The scale of values is that of ``wanted``."""
    pairs = [[one for one in fingerprint if one.part == part] for fingerprint in (found, wanted)]
    return len(pairs[0]) == len(pairs[1]) and all(_agree(a, b) for a, b in zip(*pairs, strict=True))


def _agree(found: Observation, wanted: Observation) -> bool:
    if len(found.entries) != len(wanted.entries):
        return False
    noise = NOISE * max((_largest(entry) for entry in wanted.entries), default=0.0)
    return all(_is_same(a, b, noise) for a, b in zip(found.entries, wanted.entries, strict=True))


def _is_same(found: Entry, wanted: Entry, noise: float) -> bool:
    if isinstance(found, str) or isinstance(wanted, str):
        return found == wanted
    if found.kind != wanted.kind:
        return False
    allowed = max(TOLERANCE * _largest(wanted), noise)
    close = torch.isclose(found.values, wanted.values, rtol=0.0, atol=allowed, equal_nan=True)
    return bool(close.all()) and (found.single == wanted.single or _largest(wanted) <= noise)


def _largest(entry: Entry) -> float:
    """The largest finite size of an entry's values."""
    if isinstance(entry, str):
        return 0.0
    finite = entry.values[entry.values.isfinite()]
    return float(finite.abs().max()) if finite.numel() else 0.0


def _count_evidence(fingerprint: Fingerprint, parts: frozenset[str]) -> int:
    """Count what can hardly agree by chance: values other than zero, a pattern of NaN and inf, words; no exceptions."""
    entries = [entry for one in fingerprint if one.part in parts for entry in one.entries]
    words = sum(isinstance(entry, str) and not entry.startswith("raised") for entry in entries)
    numbers = [entry.values for entry in entries if isinstance(entry, Numbers)]
    finite = sum(int((values.isfinite() & (values != 0)).sum()) for values in numbers)
    return words + finite + sum(not bool(values.isfinite().all()) for values in numbers)


# What is seen of a call


def _try(look: Callable[[], Iterator[Entry]]) -> Iterator[Entry]:
    """Yield what ``look`` does; an exception is an entry like others. WorkerLost is none, and ends everything."""
    try:
        yield from look()
    except StudentError as error:
        yield _describe(error.type_name, error.text)
    except Exception as error:  # a known mistake raises it in this process
        yield _describe(type(error).__name__, str(error))


def _describe(kind: str, text: str) -> str:
    """Name an exception by its kind, and by what its text is about: the words differ between processes."""
    return f"raised {kind}{''.join(f', {topic}' for topic, words in TOPICS.items() if words.search(text))}"


def _read(value: object) -> Iterator[Entry]:
    for one in islice(_flatten(value), MAX_ENTRIES):
        yield one if isinstance(one, str) else _read_numbers(one)


def _flatten(value: object, depth: int = 0) -> Iterator[Any]:
    """Yield the tensors and numbers in a result; a word stands for each container, and for what is neither."""
    if isinstance(value, Tensor | np.ndarray | np.generic | bool | int | float):
        yield value
    elif isinstance(value, list | tuple) and depth < MAX_DEPTH:
        yield f"{type(value).__name__} of {len(value)}"
        for one in value[:MAX_ENTRIES]:
            yield from _flatten(one, depth + 1)
    elif isinstance(value, dict) and depth < MAX_DEPTH:
        named = {_name_key(key): one for key, one in islice(value.items(), MAX_ENTRIES)}
        yield "dict of " + ", ".join(sorted(named))
        for name in sorted(named):
            yield from _flatten(named[name], depth + 1)
    else:
        yield "None" if value is None else "str" if isinstance(value, str) else "an object"


def _name_key(key: object) -> str:
    """Return a key in words; one that is no text or number may be as large as it likes."""
    return str(key)[:40] if isinstance(key, str | bool | int | float | None) else "a key"


def _read_numbers(value: Any) -> Entry:
    if _is_large(value):
        return f"{type(value).__name__}, large"
    if isinstance(value, bool | int | float):
        return Numbers("bool" if isinstance(value, bool) else "number", torch.tensor(float(value), dtype=torch.float64))
    tensor = value.detach().cpu() if isinstance(value, Tensor) else torch.from_numpy(np.array(value))
    kind = f"{'' if isinstance(value, Tensor) else 'numpy '}{tensor.dtype} {tuple(tensor.shape)}"
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    values = tensor.to(torch.float64)
    return Numbers(kind, values, tensor.dtype == torch.float64 and _has_single_digits(values))


def _is_large(value: Any) -> bool:
    size = value.numel() if isinstance(value, Tensor) else value.size if isinstance(value, np.ndarray) else 1
    return int(size) > MAX_ELEMENTS


def _has_single_digits(values: Tensor) -> bool:
    return bool(torch.isclose(values.float().double(), values, rtol=0.0, atol=0.0, equal_nan=True).all())


def _differentiate(call: Callable[..., object], inputs: Sequence[Any]) -> Iterator[Entry]:
    given = [_copy(value).requires_grad_() if _is_floating(value) else _copy(value) for value in inputs]
    leaves = [value for value in given if _is_floating(value)]
    results = [value for value in islice(_flatten(call(*given)), MAX_ENTRIES) if _is_floating(value)]
    if any(map(_is_large, results)):
        yield "large"
        return
    for result in results:
        if not result.requires_grad:
            yield "detached"
    weighted = [_weigh(result) for result in results if result.requires_grad]
    if not weighted:
        return
    total = torch.stack([one.double() for one in weighted]).sum()
    gradients = torch.autograd.grad(total, leaves, allow_unused=True)
    for leaf, gradient in zip(leaves, gradients, strict=True):
        yield _read_numbers(torch.zeros_like(leaf) if gradient is None else gradient)


def _weigh(result: Tensor) -> Tensor:
    """Return a sum in which every value counts differently: that of a softmax is always 1."""
    weights = torch.linspace(1.0, 2.0, max(result.numel(), 1), dtype=result.dtype, device=result.device)
    return (result.reshape(-1) * weights[: result.numel()]).sum()


def _copy(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value


def _is_floating(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()
