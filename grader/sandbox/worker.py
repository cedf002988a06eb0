"""The student's process: loads the submitted files and answers calls over the socket until it closes.

By the time this runs, the process is locked down. Nothing here protects the grader, for student code can change all of
it; whatever is sent from here is checked again where it arrives.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import linecache
import os
import random
import signal
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grader.sandbox import cost, figure, shadow
from grader.wire import Channel, ConnectionClosed, Header, Message, Node, decode, encode, list_tensors

MAX_MESSAGE = 4000
MAX_FRAMES = 20
MAX_ITEMS = 10_000
# What can be asked, and the methods that answer.
OPERATIONS = {
    name: f"_{name}"
    for name in (
        "load", "import", "get", "set", "call", "cost", "figure", "iterate", "item", "length", "backward",
        "differentiate",
    )
}  # fmt: skip
VALUES = ("arguments", "keywords", "value", "key")  # the fields of a request that hold values


class Sources(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports the submitted files, which exist in memory only."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = {name: bytes(content) for name, content in files.items()}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find a submitted module by its file's name."""
        if f"{fullname}.py" not in self.files:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=f"{fullname}.py")

    def get_source(self, fullname: str) -> str:
        """Return a module's source text, decoded as Python would."""
        return importlib.util.decode_source(self.files[f"{fullname}.py"])

    def exec_module(self, module: types.ModuleType) -> None:
        """Run a module, so that tracebacks show its lines under the file's own name."""
        file = f"{module.__name__}.py"
        module.__file__ = file
        code = compile(self.files[file], file, "exec", dont_inherit=True)
        text = self.get_source(module.__name__)
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        exec(code, module.__dict__)


class OffLimits(RuntimeError):
    """Something was called that the question asks to do without."""


def _take_away(dotted: str) -> None:
    """Let a function or class of torch raise where it is called under that name.

    Whoever wants to can find the same elsewhere in this process: it is for those who build the name at run time and do
    not mean to cheat, and evidence of those who do.
    """
    if not dotted.startswith("torch."):
        return
    place, _, name = dotted.rpartition(".")
    try:
        module = importlib.import_module(place)
    except ImportError:
        return  # a method, or a name that this version of torch does not have
    if not callable(getattr(module, name, None)):
        return

    def off_limits(*_arguments: Any, **_keywords: Any) -> None:
        raise OffLimits(f"{dotted} is off limits here")

    setattr(module, name, off_limits)


class Worker:
    """Holds the student's objects and autograd graphs, and answers one request after another."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._sources = Sources({})
        self._objects: dict[int, Any] = {}
        self._object_count = 0
        self._numbers: dict[int, int] = {}
        self._graphs: dict[int, tuple[list[Tensor], list[Tensor]]] = {}
        self._graph_count = 0
        self._on_shadow = False  # does this check run on the shadow device?

    def serve(self) -> None:
        """Answer until the examiner closes the connection."""
        while True:
            try:
                request = self._channel.receive()
            except ConnectionClosed:
                return
            _set_alarm(request.header["seconds"], self._say_late)
            try:
                answer, tensors = self._answer(request)
            except BaseException as error:  # SystemExit and KeyboardInterrupt must not end the process in silence
                answer, tensors = {"error": self._describe_error(error)}, []
            _set_alarm(0)
            try:
                self._channel.send(answer, tensors)
            except ConnectionClosed:
                return
            except Exception as error:  # a tensor without data, values nested too deep, more than may be sent
                self._channel.send({"error": self._describe_error(error)})

    def _say_late(self, _signal: int, frame: types.FrameType | None) -> None:
        """Tell in which of the student's lines time ran out, and end. Student code may keep this from happening."""
        frames: list[list[Any]] = []
        while frame is not None:
            if frame.f_code.co_filename in self._sources.files:
                frames.append([frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name])
            frame = frame.f_back
        try:
            self._channel.send({"late": _shorten(frames[::-1])})
        finally:
            os._exit(1)

    def _answer(self, request: Message) -> tuple[Header, list[Tensor]]:
        header = request.header
        for graph in header.get("dropped", ()):
            self._graphs.pop(graph, None)
        if "begin" in header:
            self._begin(header["begin"])
        operation: Callable[[Message], tuple[Header, list[Tensor]]] = getattr(self, OPERATIONS[header["op"]])
        if not self._on_shadow or header["op"] in ("load", "import"):
            return operation(request)
        with shadow.shadow_device():
            return operation(request)

    # Loading

    def _load(self, request: Message) -> tuple[Header, list[Tensor]]:
        """Take the submitted files, and what they are to do without; nothing of them runs yet."""
        for name in request.header["forbid"]:
            _take_away(name)
        self._sources = Sources(self._decode(request.header["files"], request))
        sys.meta_path.insert(0, self._sources)
        return {"value": None}, []

    def _import(self, request: Message) -> tuple[Header, list[Tensor]]:
        """Import a dotted name, of a submitted module or of torch."""
        parts = request.header["name"].split(".")
        value: Any = importlib.import_module(parts[0])
        for position, part in enumerate(parts[1:], start=2):
            if not hasattr(value, part):
                importlib.import_module(".".join(parts[:position]))
            value = getattr(value, part)
        return self._reply(value)

    def _begin(self, check: Header) -> None:
        """Forget what earlier checks made, and seed every global generator for the next one, on its device."""
        modules = {number: value for number, value in self._objects.items() if isinstance(value, types.ModuleType)}
        self._objects = modules
        self._numbers = {id(value): number for number, value in modules.items()}
        self._graphs.clear()
        seed = check["seed"]
        random.seed(seed)
        np.random.seed(seed)
        torch.default_generator.manual_seed(seed)  # torch.manual_seed records a stack trace for CUDA, every time
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float32)
        self._on_shadow = check["device"] == "shadow"

    # Objects

    def _get(self, request: Message) -> tuple[Header, list[Tensor]]:
        return self._reply(getattr(self._target(request), request.header["name"]))

    def _set(self, request: Message) -> tuple[Header, list[Tensor]]:
        setattr(self._target(request), request.header["name"], self._decode(request.header["value"], request))
        return {"value": None}, []

    def _iterate(self, request: Message) -> tuple[Header, list[Tensor]]:
        items = []
        for item in self._target(request):
            items.append(item)
            if len(items) > MAX_ITEMS:
                raise ValueError(f"more than {MAX_ITEMS} items")
        return self._reply(items)

    def _item(self, request: Message) -> tuple[Header, list[Tensor]]:
        return self._reply(self._target(request)[self._decode(request.header["key"], request)])

    def _length(self, request: Message) -> tuple[Header, list[Tensor]]:
        return self._reply(len(self._target(request)))

    def _call(self, request: Message) -> tuple[Header, list[Tensor]]:
        """Call an object."""
        header = request.header
        leaves, arguments, keywords = self._take_arguments(header, request.tensors, request.requires_grad)
        torch.set_default_dtype(decode(header["dtype"], [], self._resolve))
        with torch.set_grad_enabled(bool(header["grad"])):
            value = self._target(request)(*arguments, **keywords)
        return self._reply(value, leaves)

    def _cost(self, request: Message) -> tuple[Header, list[Tensor]]:
        """Call an object on copies of the arguments, and tell what that takes and changes."""
        header = request.header

        def make_arguments() -> tuple[list[Any], dict[str, Any]]:
            copies = [tensor.clone() for tensor in request.tensors]
            return self._take_arguments(header, copies, request.requires_grad)[1:]

        torch.set_default_dtype(decode(header["dtype"], [], self._resolve))
        with torch.set_grad_enabled(bool(header["grad"])):
            measured = cost.measure(self._target(request), make_arguments, self._sources.files)
        return {"value": None, "cost": measured}, []

    def _figure(self, request: Message) -> tuple[Header, list[Tensor]]:
        """Tell what a figure shows and how it looks; nothing of an object that is none."""
        target = self._target(request)
        described = figure.describe(target)
        return self._reply(None if described is None else [described, figure.draw(target)])

    def _take_arguments(
        self, header: Header, tensors: Sequence[Tensor], requires_grad: Sequence[bool]
    ) -> tuple[list[Tensor], list[Any], dict[str, Any]]:
        """Return a call's inputs, its arguments and its keywords.

        Inputs that require grad become leaves: the rest of their graph is the examiner's.
        """
        record = bool(header["grad"])
        leaves = [
            tensor.requires_grad_() if wanted and record else tensor
            for tensor, wanted in zip(self._place(header, tensors), requires_grad, strict=True)
        ]
        # What was no leaf there is none here either, so that editing it in place behaves as in a direct call.
        passed = [
            leaf.clone() if leaf.requires_grad and not was_leaf else leaf
            for leaf, was_leaf in zip(leaves, header["leaf"], strict=True)
        ]
        arguments = [self._name_device(value) for value in decode(header["arguments"], passed, self._resolve)]
        keywords = decode(header["keywords"], passed, self._resolve)
        return leaves, arguments, {name: self._name_device(value) for name, value in keywords.items()}

    # Autograd

    def _backward(self, request: Message) -> tuple[Header, list[Tensor]]:
        """Run backward from some outputs; parameters accumulate here, the inputs' gradients are the answer."""
        header = request.header
        leaves, outputs = self._graphs[header["graph"]]
        for leaf in leaves:
            leaf.grad = None
        chosen = [outputs[index] for index in header["outputs"]]
        _run_backward(chosen, self._place_beside(chosen, request.tensors), retain=bool(header["retain"]))
        gradients = [leaves[index].grad for index in header["inputs"]]
        for leaf in leaves:
            leaf.grad = None
        if not header["retain"]:
            del self._graphs[header["graph"]]
        return self._reply([None if gradient is None else gradient.detach() for gradient in gradients])

    def _differentiate(self, request: Message) -> tuple[Header, list[Tensor]]:
        """Run backward so that its result can be differentiated again (``create_graph``)."""
        header = request.header
        leaves, outputs = self._graphs[header["graph"]]
        chosen = [outputs[index] for index in header["outputs"]]
        placed = self._place_beside(chosen, request.tensors)
        weights = [tensor.requires_grad_(wanted) for tensor, wanted in zip(placed, request.requires_grad, strict=True)]
        inputs = [leaves[index] for index in header["inputs"]]
        gradients = torch.autograd.grad(chosen, inputs, weights, create_graph=True, allow_unused=True)
        return self._reply(list(gradients), [*inputs, *weights])

    # Values

    def _target(self, request: Message) -> Any:
        return self._objects[request.header["target"]]

    def _decode(self, node: Node, request: Message) -> Any:
        return self._name_device(decode(node, self._place(request.header, request.tensors), self._resolve))

    def _place(self, header: Header, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return the tensors of a request on the device of the check; arrays and bytes are on none."""
        if not self._on_shadow:
            return tensors
        named = {number for field in VALUES if field in header for number in list_tensors(header[field])}
        return [shadow.put_on_device(tensor) if number in named else tensor for number, tensor in enumerate(tensors)]

    def _place_beside(self, outputs: Sequence[Tensor], weights: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return the weights of a backward, each on the device of its output."""
        if not self._on_shadow:
            return weights
        pairs = zip(outputs, weights, strict=True)
        return [shadow.put_on_device(w) if shadow.is_on_device(output) else w for output, w in pairs]

    def _name_device(self, value: Any) -> Any:
        """Return the device of the check, where an argument names it: the examiner has it as the CPU."""
        is_device = isinstance(value, str | torch.device) and str(value) == "cpu"
        return shadow.DEVICE if self._on_shadow and is_device else value

    def _resolve(self, node: dict[str, Any]) -> Any:
        if "o" in node:
            return self._objects[node["o"]]
        value: Any = torch
        for part in node["r"].split(".")[1:]:
            value = getattr(value, part)
        return value

    def _refer(self, value: Any) -> Node:
        """Keep an object and return its handle; the same object keeps its number."""
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = self._object_count
            self._objects[number] = value
            self._object_count += 1
        name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or type(value).__qualname__
        return {"o": number, "n": str(name)[:100], "k": _kind_of(value)}

    def _reply(self, value: Any, leaves: Sequence[Tensor] = ()) -> tuple[Header, list[Tensor]]:
        """Answer with a value; outputs that require grad are kept as a graph for a later backward.

        A leaf that is not an input (a parameter) crosses as a snapshot outside the graph, with its ``.grad``.
        """
        tensors: list[Tensor] = []
        header: Header = {"value": encode(value, tensors, self._refer)}
        inputs = {id(leaf) for leaf in leaves}
        snapshots = [
            index
            for index, tensor in enumerate(tensors)
            if tensor.requires_grad and tensor.is_leaf and id(tensor) not in inputs
        ]
        if any(tensor.requires_grad and index not in snapshots for index, tensor in enumerate(tensors)):
            self._graph_count += 1
            self._graphs[self._graph_count] = (list(leaves), tensors)
            header["graph"] = self._graph_count
        if self._on_shadow:
            header["shadow"] = [shadow.is_on_device(tensor) for tensor in tensors]
            tensors = [shadow.take_off_device(tensor) for tensor in tensors]
        return {**header, "snapshots": snapshots}, tensors

    # Errors

    def _describe_error(self, error: BaseException) -> Header:
        """Say what was raised and through which of the student's lines. Messages are not to be trusted to be short."""
        base = next(
            (cls.__name__ for cls in type(error).__mro__ if getattr(builtins, cls.__name__, None) is cls), "Exception"
        )
        frames: list[list[Any]] = []
        if isinstance(error, SyntaxError) and error.filename in self._sources.files:
            frames.append([error.filename, error.lineno or 1, "<module>"])
        else:
            trace = error.__traceback__
            while trace is not None:
                code = trace.tb_frame.f_code
                if code.co_filename in self._sources.files:
                    frames.append([code.co_filename, trace.tb_lineno, code.co_name])
                trace = trace.tb_next
        try:
            text = error.msg if isinstance(error, SyntaxError) else str(error)
        except BaseException:
            text = ""
        shown = _shorten(frames)
        return {"type": type(error).__name__[:100], "base": base, "message": str(text)[:MAX_MESSAGE], "frames": shown}


def _set_alarm(seconds: float, ring: Callable[[int, types.FrameType | None], None] | None = None) -> None:
    """Call ``ring`` in so many seconds; 0 calls that off. Systems without such alarms do nothing."""
    if hasattr(signal, "setitimer"):
        if ring is not None:
            signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _shorten(frames: list[list[Any]]) -> list[list[Any]]:
    half = MAX_FRAMES // 2
    return frames if len(frames) <= MAX_FRAMES else frames[:half] + frames[-half:]


def _run_backward(outputs: Sequence[Tensor], weights: Sequence[Tensor], *, retain: bool) -> None:
    """Run backward from ``outputs`` weighted by ``weights``.

    Real outputs go through weighted sums, whose gradient is the same: handing weights to torch makes it import its
    symbolic shapes, which takes longer than all the rest of a submission.
    """
    if any(output.is_complex() for output in outputs):
        torch.autograd.backward(list(outputs), list(weights), retain_graph=retain)
        return
    pairs = zip(outputs, weights, strict=True)
    totals = [(output * weight).sum(dtype=torch.float64) for output, weight in pairs]
    torch.autograd.backward(totals, retain_graph=retain)


def _kind_of(value: Any) -> str:
    if isinstance(value, types.ModuleType):
        return "file"
    if isinstance(value, torch.nn.Module):
        return "module"
    if inspect.isclass(value):
        return "class"
    if callable(value):
        return "function"
    return "object"


def serve(channel: Channel) -> None:
    """Answer requests on ``channel`` until it closes."""
    try:
        Worker(channel).serve()
    except BaseException:
        os._exit(1)
