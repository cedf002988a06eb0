"""Handles: what a check holds of a student's object. Nothing about them runs student code in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from grader.errors import find_near
from grader.examiner.bridge import Connection
from grader.examiner.cost import Cost
from grader.examiner.exceptions import MissingName, StudentError
from grader.examiner.figure import Figure
from grader.language import _, later


class Handle:
    """A student's object. Attributes, calls, indexing, iteration and ``len`` happen in the student's process.

    Comparing, hashing and printing stay here, so an object that lies about equality lies to nobody. Tensors that are
    attributes are snapshots, their ``.grad`` with them.
    """

    __slots__ = ("_connection", "_kind", "_name", "_number")

    def __init__(self, connection: Connection, number: int, name: str, kind: str) -> None:
        object.__setattr__(self, "_connection", connection)
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_kind", kind)

    def handle_number(self) -> int:
        """Return the object's number in the student's process."""
        number: int = self._number
        return number

    def handle_figure(self) -> Figure | None:
        """Return what it shows, if it is a figure of matplotlib's."""
        figure: Figure | None = self._connection.look_at(self._number)
        return figure

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self._connection.request({"op": "get", "target": self._number, "name": name})
        except StudentError as error:
            if isinstance(error, AttributeError) and not error.frames:
                raise self._missing(name) from None
            raise

    def __setattr__(self, name: str, value: Any) -> None:
        self._connection.request({"op": "set", "target": self._number, "name": name}, value, "value")

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call the object in the student's process."""
        return self._connection.call(self._number, self._name, arguments, keywords)

    def __iter__(self) -> Iterator[Any]:
        items = self._connection.request({"op": "iterate", "target": self._number})
        if not isinstance(items, list):
            raise self._connection.distrust(later("a list of items"))
        return iter(items)

    def __getitem__(self, key: Any) -> Any:
        return self._connection.request({"op": "item", "target": self._number}, key, "key")

    def __len__(self) -> int:
        length = self._connection.request({"op": "length", "target": self._number})
        if type(length) is not int or not 0 <= length <= sys.maxsize:
            raise self._connection.distrust(later("a length"))
        return length

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Handle) and (self._connection, self._number) == (other._connection, other._number)

    def __hash__(self) -> int:
        return hash((id(self._connection), self._number))

    def __repr__(self) -> str:
        return _("<{name}, the submission's>", name=self._name)

    def _missing(self, name: str) -> MissingName:
        return MissingName("AttributeError", _("{owner} has no {name}.", owner=self._name, name=name))


class SubmittedFile(Handle):
    """The module of a submitted file. A name that it lacks is answered with the nearest that it has."""

    __slots__ = ()

    def cost(self, function: Handle, /, *arguments: Any, **keywords: Any) -> Cost:
        """Return what a call of the submission's takes: ``submission.cost(submission.softmax, logits)``.

        It is called twice, on copies of the arguments; what it returns is not looked at.
        """
        if not isinstance(function, Handle):
            raise TypeError(f"cost(…) needs something of the submission's to call, not a {type(function).__name__}")
        cost: Cost = self._connection.measure_cost(function.handle_number(), arguments, keywords)
        return cost

    def _missing(self, name: str) -> MissingName:
        file = f"{self._name}.py"
        defined = self._connection.list_names(file)
        told = {"owner": file, "name": name}
        if not defined:
            return MissingName("AttributeError", _("{owner} has no {name}; it defines nothing of its own.", **told))
        if near := find_near(name, defined):
            message = _("{owner} has no {name}; it defines {near}: did you mean that?", **told, near=near)
        else:
            message = _("{owner} has no {name}; it defines {names}.", **told, names=", ".join(defined[:8]))
        return MissingName("AttributeError", message)
