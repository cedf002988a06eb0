"""What pydantic finds wrong with a YAML document, as problems that an author can act on: where, what, what next."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Mapping
from string import ascii_lowercase
from typing import Annotated, Any, TypeVar, Union

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from grader.errors import Problem, SpecError, suggest
from grader.yaml_source import Document, Location

_Model = TypeVar("_Model", bound=BaseModel)


def validate(model: type[_Model], document: Document, what: str) -> _Model:
    """Return the model that the document describes. ``what`` names the whole, such as "the assignment".

    A validator's ``ValueError`` is a predicate ("must be one line"): the name of what it is about is put before it.

    Raises:
        SpecError: with every problem, in the order of the file.
    """
    value = document.value
    if not isinstance(value, Mapping):
        said = "the file is empty" if value is None else f"{what} must be a mapping, not {kind_of(value)}"
        required = ", ".join(name for name, field in model.model_fields.items() if field.is_required())
        raise SpecError([document.problem((), f"{said}; it needs the keys {required}")])
    try:
        return model.model_validate(value)
    except ValidationError as error:
        explainer = _Explainer(model, document, what)
        problems = {explainer.explain(details) for details in error.errors(include_url=False) if _holds(details)}
    raise SpecError(sorted(problems, key=lambda problem: (problem.line, problem.column, problem.message)))


def kind_of(value: object) -> str:
    """Return what a YAML value is, in words: "text", "a number", "empty" and so on."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    kinds = ((int | float, "a number"), (str, "text"), (list, "a list"), (dict, "a mapping"))
    return next((name for kind, name in kinds if isinstance(value, kind)), type(value).__name__)


class _Explainer:
    """Turns pydantic's errors about one document into problems."""

    def __init__(self, model: type[BaseModel], document: Document, what: str) -> None:
        self.model = model
        self.document = document
        self.what = what

    def explain(self, details: ErrorDetails) -> Problem:
        location, _ = self.follow(details["loc"])
        match details["type"]:
            case "missing":
                return self.missing(location)
            case "extra_forbidden":
                return self.unknown(details["loc"])
            case "union_tag_not_found" | "union_tag_invalid":
                return self.wrong_kind(location, details)
            case other if other in _EXPLANATIONS:
                said = _EXPLANATIONS[other](details)
            case _:
                said = details["msg"].lower()
        return self.document.problem(location, f"{self.name(location)} {said}")

    def missing(self, location: Location) -> Problem:
        message = f"{self.name(location[:-1])} lacks the key {location[-1]!r}"
        return self.document.problem(location[:-1], message)

    def unknown(self, loc: Location) -> Problem:
        around, model = self.follow(loc[:-1])
        known = list(model.model_fields) if model else []
        near = suggest(str(loc[-1]), known)
        rest = near or f"; {self.name(around)} may have {', '.join(known)}"
        if not near and self.document.text((*around, loc[-1])) == "":  # {text: one, two}
            rest += " (text with a comma needs quotes here)"
        return self.document.problem((*around, loc[-1]), f"unknown key {str(loc[-1])!r}{rest}", key=True)

    def wrong_kind(self, location: Location, details: ErrorDetails) -> Problem:
        key = str(details["ctx"]["discriminator"]).strip("'")
        if details["type"] == "union_tag_not_found":
            known = self.kinds(location)
            message = f"{self.name(location)} lacks the key {key!r}; the kinds are {', '.join(known)}"
            return self.document.problem(location, message)
        known = re.findall(r"'(.*?)'", details["ctx"]["expected_tags"])
        kind = details["ctx"]["tag"]
        rest = suggest(kind, known) or f"; the kinds are {', '.join(known)}"
        return self.document.problem((*location, key), f"unknown kind {kind!r}{rest}")

    def kinds(self, location: Location) -> list[str]:
        """Return the kinds that may stand at a location."""
        annotation: Any = self.model
        for step in location:
            annotation = _inside(annotation, step)
        return list(_members(annotation) or ())

    def follow(self, loc: Location) -> tuple[Location, type[BaseModel] | None]:
        """Return where in the document pydantic's ``loc`` points, and the model there.

        The kind that pydantic puts into it for a union is taken out.
        """
        annotation: Any = self.model
        location: list[str | int] = []
        for step in loc:
            members = _members(annotation)
            if members is not None:
                annotation = members.get(str(step))
                continue
            location.append(step)
            annotation = _inside(annotation, step)
        is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
        return tuple(location), annotation if is_model else None

    def name(self, location: Location) -> str:
        """Return what stands at a location, as its author would call it."""
        if not location:
            return self.what
        last = location[-1]
        if isinstance(last, str):
            return repr(last)
        of = str(location[-2])
        if of == "choices" and last < len(ascii_lowercase):
            return f"choice {ascii_lowercase[last]}"
        if (named := self.document.text((*location, "id"))) is not None:
            return f"{of.removesuffix('s')} {named!r}"
        return f"entry {last + 1} of {of!r}"


def _inside(annotation: Any, step: str | int) -> Any:
    """Return the annotation of a field of a model, or of the entries of a tuple or a mapping."""
    annotation = _bare(annotation)
    arguments = typing.get_args(annotation)
    if isinstance(step, int):
        return _bare(arguments[0]) if arguments else None
    if typing.get_origin(annotation) is dict:
        return _bare(arguments[1])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and step in annotation.model_fields:
        return _bare(annotation.model_fields[step].annotation)
    return None


def _bare(annotation: Any) -> Any:
    """Return an annotation without what is added to it: constraints, and that it may be None."""
    while True:
        arguments = [kind for kind in typing.get_args(annotation) if kind is not types.NoneType]
        is_optional = typing.get_origin(annotation) in (Union, types.UnionType) and len(arguments) == 1
        if not is_optional and typing.get_origin(annotation) is not Annotated:
            return annotation
        annotation = arguments[0]


def _members(annotation: Any) -> dict[str, type[BaseModel]] | None:
    """Return kind → model of a union of models that are told apart by ``kind``, None for anything else."""
    if typing.get_origin(annotation) not in (Union, types.UnionType):
        return None
    models: list[type[BaseModel]] = [
        member
        for member in typing.get_args(annotation)
        if isinstance(member, type) and issubclass(member, BaseModel) and "kind" in member.model_fields
    ]
    kinds = (typing.get_args(model.model_fields["kind"].annotation) for model in models)
    return {kind: model for model, names in zip(models, kinds, strict=True) for kind in names} if models else None


def _holds(details: ErrorDetails) -> bool:
    """Tell whether an error is one: pydantic calls a list too short when too few of its entries are valid."""
    return details["type"] != "too_short" or len(details["input"]) < details["ctx"]["min_length"]


def _not(wanted: str, advice: str = "") -> Callable[[ErrorDetails], str]:
    return lambda details: f"must be {wanted}, not {kind_of(details['input'])}{advice}"


def _not_text(details: ErrorDetails) -> str:
    value = details["input"]
    advice = "; put it in quotes" if isinstance(value, (int, float)) else ""
    return f"must be text, not {kind_of(value)}{advice}"


def _not_whole(details: ErrorDetails) -> str:
    value = details["input"]
    return f"must be a whole number, not {value if isinstance(value, float) else kind_of(value)}"


def _bound(words: str, key: str) -> Callable[[ErrorDetails], str]:
    return lambda details: f"must be {words} {details['ctx'][key]:g}, not {details['input']!r}"


def _literal(details: ErrorDetails) -> str:
    value, expected = details["input"], details["ctx"]["expected"]
    near = suggest(value, re.findall(r"'(.*?)'", expected)) if isinstance(value, str) else ""
    return f"must be {expected}, not {value!r}{near}"


_EXPLANATIONS: Mapping[str, Callable[[ErrorDetails], str]] = {
    "value_error": lambda details: str(details["ctx"]["error"]),
    "string_type": _not_text,
    "float_type": _not("a number"),
    "int_type": _not_whole,
    "bool_type": _not("true or false"),
    "tuple_type": _not("a list", "; write [a, b], or one entry a line after '- '"),
    "model_type": _not("a mapping of keys"),
    "model_attributes_type": _not("a mapping of keys"),
    "literal_error": _literal,
    "greater_than": _bound("more than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than_equal": _bound("at most", "le"),
    "string_too_short": lambda details: "must not be empty",
    "string_too_long": lambda details: f"must be at most {details['ctx']['max_length']} characters long",
    "too_short": lambda details: f"must list at least {details['ctx']['min_length']}",
    "too_long": lambda details: f"must list at most {details['ctx']['max_length']}",
}
