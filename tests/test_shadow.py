"""What the shadow device says of code that students write, beside what a GPU would say of it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from grader.sandbox.shadow import DeviceMismatch, is_on_device, put_on_device, shadow_device, take_off_device

Loss = Callable[[Tensor, Tensor], Any]


def inputs() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(8, 5, generator=generator), torch.randint(5, (8,), generator=generator)


# Cross entropy as students write it. Those whose name is in MISMATCHES break on a GPU, all others are right there.


def by_library(x: Tensor, t: Tensor) -> Tensor:
    return F.cross_entropy(x, t)


def by_module(x: Tensor, t: Tensor) -> Tensor:
    loss: Tensor = nn.CrossEntropyLoss()(x, t)
    return loss


def arange_on_device(x: Tensor, t: Tensor) -> Tensor:
    return -x.log_softmax(1)[torch.arange(len(t), device=x.device), t].mean()


def arange_on_cpu(x: Tensor, t: Tensor) -> Tensor:
    return -x.log_softmax(1)[torch.arange(len(t)), t].mean()  # a GPU takes indices from the CPU


def range_as_index(x: Tensor, t: Tensor) -> Tensor:
    return -x.log_softmax(1)[range(len(t)), t].mean()


def list_as_index(x: Tensor, t: Tensor) -> Tensor:
    return -x.log_softmax(1)[list(range(len(t))), t].mean()


def array_as_index(x: Tensor, t: Tensor) -> Tensor:
    return -x.log_softmax(1)[np.arange(len(t)), t].mean()


def gather(x: Tensor, t: Tensor) -> Tensor:
    return -x.log_softmax(1).gather(1, t[:, None]).squeeze(1).mean()


def gather_with_cpu_index(x: Tensor, t: Tensor) -> Tensor:
    return -x.log_softmax(1).gather(1, t.cpu()[:, None]).mean()


def one_hot(x: Tensor, t: Tensor) -> Tensor:
    return -(F.one_hot(t, x.shape[1]) * x.log_softmax(1)).sum(1).mean()


def eye_on_device(x: Tensor, t: Tensor) -> Tensor:
    return -(torch.eye(x.shape[1], device=x.device)[t] * x.log_softmax(1)).sum(1).mean()


def eye_on_cpu(x: Tensor, t: Tensor) -> Tensor:
    return -(torch.eye(x.shape[1])[t] * x.log_softmax(1)).sum(1).mean()


def zeros_scattered(x: Tensor, t: Tensor) -> Tensor:
    hot = torch.zeros_like(x).scatter_(1, t.unsqueeze(1), 1.0)
    return -(hot * x.log_softmax(1)).sum(1).mean()


def zeros_scattered_on_cpu(x: Tensor, t: Tensor) -> Tensor:
    hot = torch.zeros(x.shape).scatter_(1, t.unsqueeze(1), 1.0)
    return -(hot * x.log_softmax(1)).sum(1).mean()


def loop_over_items(x: Tensor, t: Tensor) -> Tensor:
    log_p = x.log_softmax(1)
    total = torch.zeros((), device=x.device)
    for i in range(len(t)):
        total = total - log_p[i, int(t[i])]
    return total / len(t)


def loop_into_number_on_cpu(x: Tensor, t: Tensor) -> Tensor:
    total = torch.tensor(0.0)
    for row, label in zip(x.log_softmax(1), t, strict=True):
        total = total - row[label]
    return total / len(t)


def loop_written_to_cpu_number(x: Tensor, t: Tensor) -> Tensor:
    total = torch.tensor(0.0)
    for row, label in zip(x.log_softmax(1), t, strict=True):
        total -= row[label]
    return total / len(t)


def loop_into_rows_on_cpu(x: Tensor, t: Tensor) -> Tensor:
    losses = torch.zeros(len(t))
    log_p = x.log_softmax(1)
    for i in range(len(t)):
        losses[i] = -log_p[i, t[i]]  # copies from device to device are allowed
    return losses.mean()


def loop_stacked(x: Tensor, t: Tensor) -> Tensor:
    log_p = x.log_softmax(1)
    return torch.stack([-log_p[i][int(t[i].item())] for i in range(len(t))]).mean()


def mask(x: Tensor, t: Tensor) -> Tensor:
    chosen = t[:, None] == torch.arange(x.shape[1], device=x.device)
    return -x.log_softmax(1)[chosen].mean()


def mask_of_cpu_labels(x: Tensor, t: Tensor) -> Tensor:
    chosen = t[:, None] == torch.arange(x.shape[1])
    return -x.log_softmax(1)[chosen].mean()


def weights_of_the_library(x: Tensor, t: Tensor) -> Tensor:
    return F.cross_entropy(x, t, weight=torch.ones(x.shape[1]))


def by_hand_with_max(x: Tensor, t: Tensor) -> Tensor:
    shifted = x - x.max(dim=1, keepdim=True).values
    log_p = shifted - shifted.exp().sum(1, keepdim=True).log()
    if t.max() >= x.shape[1]:
        raise ValueError("no such class")
    return -log_p[torch.arange(x.size(0)).to(x.device), t].sum() / x.size(0)


def through_numpy(x: Tensor, t: Tensor) -> Tensor:
    return torch.tensor(np.log(np.exp(x.numpy())).mean())


def through_array(x: Tensor, t: Tensor) -> Tensor:
    return torch.tensor(np.asarray(x.detach()).mean())


def result_on_cpu(x: Tensor, t: Tensor) -> Tensor:
    return F.cross_entropy(x.cpu(), t.cpu())


def result_from_item(x: Tensor, t: Tensor) -> Tensor:
    return torch.tensor(F.cross_entropy(x, t).item())


def einsum(x: Tensor, t: Tensor) -> Tensor:
    return -torch.einsum("nc,nc->n", x.log_softmax(1), F.one_hot(t, 5).to(x)).mean()


def where_with_number(x: Tensor, t: Tensor) -> Tensor:
    hot = F.one_hot(t, 5).bool()
    return -torch.where(hot, x.log_softmax(1), torch.tensor(0.0)).sum(1).mean()


def new_tensors(x: Tensor, t: Tensor) -> Tensor:
    scale = x.new_tensor([1.0 / len(t)] * len(t)) + x.new_zeros(len(t)) + x.new_full((len(t),), 0.0)
    return -(x.log_softmax(1)[torch.arange(len(t)), t] * scale).sum()


def tensors_of_data(x: Tensor, t: Tensor) -> Tensor:
    scale = torch.tensor([1.0] * len(t), device=x.device) * torch.as_tensor(np.ones(len(t)), device=x.device)
    return -(x.log_softmax(1)[torch.arange(len(t)), t] * scale).mean().float()


def tensor_of_data_on_cpu(x: Tensor, t: Tensor) -> Tensor:
    return -(x.log_softmax(1)[torch.arange(len(t)), t] * torch.tensor([1.0] * len(t))).mean()


MISMATCHES = (
    gather_with_cpu_index,
    eye_on_cpu,
    zeros_scattered_on_cpu,
    loop_written_to_cpu_number,
    mask_of_cpu_labels,
    weights_of_the_library,
    tensor_of_data_on_cpu,
)
RIGHT = (
    by_library, by_module, arange_on_device, arange_on_cpu, range_as_index, list_as_index, array_as_index, gather,
    one_hot, eye_on_device, zeros_scattered, loop_over_items, loop_into_number_on_cpu, loop_stacked, mask,
    by_hand_with_max, einsum, where_with_number, new_tensors, tensors_of_data,
)  # fmt: skip
ON_CPU = (result_on_cpu, result_from_item, loop_into_rows_on_cpu)


@pytest.mark.parametrize("loss", RIGHT, ids=lambda loss: loss.__name__)
def test_what_is_right_on_a_gpu_is_right_here_and_gives_the_same(loss: Loss) -> None:
    x, t = inputs()
    plain = x.clone().requires_grad_()
    loss(plain, t).backward()
    with shadow_device():
        leaf = put_on_device(x).requires_grad_()
        result = loss(leaf, put_on_device(t))
        result.backward()
    assert is_on_device(result)
    assert leaf.grad is not None
    assert is_on_device(leaf.grad)
    torch.testing.assert_close(take_off_device(result).detach(), F.cross_entropy(x, t))
    torch.testing.assert_close(take_off_device(leaf.grad), plain.grad)


@pytest.mark.parametrize("loss", MISMATCHES, ids=lambda loss: loss.__name__)
def test_two_devices_in_one_operation(loss: Loss) -> None:
    x, t = inputs()
    torch.testing.assert_close(loss(x, t), F.cross_entropy(x, t))
    with shadow_device(), pytest.raises(DeviceMismatch, match=r"^Expected all tensors to be on the same device, but "):
        loss(put_on_device(x), put_on_device(t))


@pytest.mark.parametrize("loss", ON_CPU, ids=lambda loss: loss.__name__)
def test_a_result_that_came_to_the_cpu_is_seen_to_be_there(loss: Loss) -> None:
    x, t = inputs()
    with shadow_device():
        result = loss(put_on_device(x), put_on_device(t))
    assert not is_on_device(result)
    torch.testing.assert_close(result, F.cross_entropy(x, t))


@pytest.mark.parametrize("loss", [through_numpy, through_array], ids=lambda loss: loss.__name__)
def test_numpy_is_refused(loss: Loss) -> None:
    x, t = inputs()
    with shadow_device(), pytest.raises(TypeError, match="can't convert shadow:0 device type tensor to numpy"):
        loss(put_on_device(x), put_on_device(t))


# Modules


class Scaled(nn.Module):
    scale: Tensor

    def __init__(self, *, registered: bool) -> None:
        super().__init__()
        if registered:
            self.register_buffer("scale", torch.full((5,), 2.0))
        else:
            self.scale = torch.full((5,), 2.0)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


class Cubed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, weight: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return 3 * x**2 * weight


class WrongCubed(Cubed):
    @staticmethod
    def backward(ctx: Any, weight: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return 3 * x**2 * weight * torch.ones(x.shape)


class Recurrent(nn.Module):
    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.rnn = kind(5, 4, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.rnn(x)[0]
        return output


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.attention(x, x, x)[0]
        return output


def tokens(module: nn.Module) -> tuple[nn.Module, Tensor]:
    return module, torch.arange(6).reshape(2, 3)


def values(module: nn.Module, *shape: int) -> tuple[nn.Module, Tensor]:
    return module, torch.randn(shape, generator=torch.Generator().manual_seed(1))


MODULES: dict[str, Callable[[], tuple[nn.Module, Tensor]]] = {
    "linear": lambda: values(nn.Linear(5, 3), 8, 5),
    "sequential": lambda: values(nn.Sequential(nn.Linear(5, 4), nn.GELU(), nn.Dropout(0.0), nn.Linear(4, 2)), 8, 5),
    "batch norm": lambda: values(nn.BatchNorm1d(5), 8, 5),
    "layer norm": lambda: values(nn.LayerNorm(5), 8, 5),
    "convolution": lambda: values(nn.Sequential(nn.Conv2d(2, 3, 3), nn.MaxPool2d(2), nn.Flatten()), 2, 2, 8, 8),
    "embedding": lambda: tokens(nn.Embedding(10, 4)),
    "lstm": lambda: values(Recurrent(nn.LSTM), 2, 3, 5),
    "gru": lambda: values(Recurrent(nn.GRU), 2, 3, 5),
    "attention": lambda: values(Attention(), 2, 3, 4),
    "transformer": lambda: values(nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True), 2, 3, 4),
    "buffer": lambda: values(Scaled(registered=True), 8, 5),
}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_is_moved_computes_and_learns_the_same(name: str) -> None:
    torch.manual_seed(0)
    module, x = MODULES[name]()
    twin = copy.deepcopy(module)
    expected = twin(x)
    expected.square().mean().backward() if expected.requires_grad else None
    with shadow_device():
        data = put_on_device(x)
        module.to(data.device)
        result = module(data)
        assert is_on_device(result)
        result.square().mean().backward() if result.requires_grad else None
    torch.testing.assert_close(take_off_device(result), expected)
    for own, other in zip(module.parameters(), twin.parameters(), strict=True):
        assert isinstance(own, nn.Parameter)
        assert own.grad is not None
        assert other.grad is not None
        torch.testing.assert_close(take_off_device(own.grad), other.grad)


@pytest.mark.parametrize("name", [name for name in MODULES if name != "buffer"])
def test_a_module_that_was_left_behind(name: str) -> None:
    module, x = MODULES[name]()
    # Recurrent ones look at the devices themselves, on a GPU as well.
    with shadow_device(), pytest.raises(RuntimeError, match="same device"):
        module(put_on_device(x))


def test_an_attribute_that_is_no_buffer_is_left_behind() -> None:
    module, x = values(Scaled(registered=False), 8, 5)
    with shadow_device():
        data = put_on_device(x)
        module.to(data.device)
        with pytest.raises(DeviceMismatch):
            module(data)


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop, torch.optim.AdamW])
def test_training(kind: Any) -> None:
    def train(module: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        optimiser = kind(module.parameters(), lr=0.01)
        for _ in range(5):
            optimiser.zero_grad()
            loss = F.mse_loss(module(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        return loss

    module = nn.Linear(5, 1)
    twin = copy.deepcopy(module)
    x, _ = inputs()
    y = x.sum(1, keepdim=True)
    expected = train(twin, x, y)
    with shadow_device():
        loss = train(module.to(put_on_device(x).device), put_on_device(x), put_on_device(y))
    torch.testing.assert_close(take_off_device(loss), expected)
    torch.testing.assert_close(take_off_device(module.weight), twin.weight)


def test_functions_with_a_backward_of_their_own() -> None:
    x, _ = inputs()
    with shadow_device():
        leaf = put_on_device(x).requires_grad_()
        Cubed.apply(leaf).sum().backward()  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        torch.testing.assert_close(take_off_device(leaf.grad), 3 * x**2)
        with pytest.raises(DeviceMismatch):
            WrongCubed.apply(leaf).sum().backward()  # type: ignore[no-untyped-call]


# Operations one by one: x and y are on the device, c is on the CPU

TAKEN: dict[str, Callable[[Tensor, Tensor, Tensor], Any]] = {
    "a number on the cpu": lambda x, y, c: x * torch.tensor(2.0),
    "a number of python": lambda x, y, c: x * 2 + 1.5,
    "copied to the device": lambda x, y, c: x + c.to(x.device),
    "made like another": lambda x, y, c: x + torch.ones_like(x) * torch.randn_like(x) + torch.full_like(x, 2.0),
    "to as another": lambda x, y, c: x + c.to(x),
    "device in type_as": lambda x, y, c: x + c.type_as(x),
    "copy_": lambda x, y, c: x.clone().copy_(c),
    "a cpu mask as index": lambda x, y, c: x[c > 0],
    "a mask as index": lambda x, y, c: x[x > 0].sum(),
    "written through a mask": lambda x, y, c: _written(x, x > 0, 0.0),
    "written from the cpu": lambda x, y, c: _written(x, 0, c[0]),
    "written by a list": lambda x, y, c: _written(x, [0, 2], 7.0),
    "masked_fill": lambda x, y, c: x.masked_fill(x < 0, float("-inf")).softmax(1),
    "masked_fill with a number on the cpu": lambda x, y, c: x.masked_fill(x < 0, torch.tensor(0.0)),
    "list of lists as index": lambda x, y, c: x[[0, 1], [1, 2]],
    "no rows": lambda x, y, c: x[[]],
    "slices": lambda x, y, c: x[1:3, ..., None, ::2],
    "cat and stack": lambda x, y, c: torch.stack([torch.cat([x, y]), torch.cat([y, x])]),
    "chunks": lambda x, y, c: torch.cat([part.mean(0) for part in x.chunk(2)]),
    "iteration": lambda x, y, c: sum(row.sum() for row in x),
    "sorting": lambda x, y, c: x.sort(1).values + x.topk(4, 1).values.sum() + x.argmax(1)[:, None],
    "clamps and bounds": lambda x, y, c: x.clamp(min=0.0).minimum(y).maximum(x),
    "matrix product": lambda x, y, c: x @ y.T,
    "norms": lambda x, y, c: x.norm(dim=1) + F.normalize(y).sum(1) + F.pairwise_distance(x, y),
    "cosine": lambda x, y, c: F.cosine_similarity(x, y) + torch.cdist(x, y).sum(1),
    "random": lambda x, y, c: torch.rand(3, device=x.device) * torch.randn(3, device=x.device),
    "ranges": lambda x, y, c: torch.arange(3, device=x.device) + torch.linspace(0, 1, 3, device=x.device),
    "views": lambda x, y, c: x.view(-1).unsqueeze(0).expand(2, -1).reshape(2, 4, 5).permute(2, 0, 1).contiguous(),
    "in place": lambda x, y, c: x.clone().add_(1).mul_(y).sub_(1).relu_(),
    "in place on a view": lambda x, y, c: _view_written(x),
    "reshaped in place": lambda x, y, c: x.clone().unsqueeze_(0).squeeze_(0).t_(),
    "dtypes": lambda x, y, c: x.double() + x.to(torch.float64) + (x > 0).float() + x.long().half(),
    "detached": lambda x, y, c: x.detach() + x.data,
    "no gradient": lambda x, y, c: _no_grad(x),
    "a number and back": lambda x, y, c: torch.tensor(x.sum().item(), device=x.device),
    "numbers and back": lambda x, y, c: torch.tensor(x.tolist(), device=x.device),
    "tensors in a list": lambda x, y, c: torch.tensor([x[0, 0], x[1, 1]], device=x.device),
    "tensor of a tensor": lambda x, y, c: torch.as_tensor(x) + torch.asarray(x) + x.new_tensor(c.tolist()),
    "vmap": lambda x, y, c: torch.vmap(lambda row: row * row.sum())(x),
    "grad of func": lambda x, y, c: torch.func.grad(lambda z: (z**2).sum())(x),
    "bincount": lambda x, y, c: (x > 0).long().flatten().bincount(minlength=3),
    "unique": lambda x, y, c: torch.unique((x > 0).long()),
    "nonzero": lambda x, y, c: (x > 0).nonzero(),
    "cumulative": lambda x, y, c: x.cumsum(0).tril() + torch.triu(torch.ones(4, 5, device=x.device)),
    "statistics": lambda x, y, c: x.mean() + x.std() + x.var(1).sum() + x.median() + x.logsumexp(1).sum(),
    "huber": lambda x, y, c: F.smooth_l1_loss(x, y) + F.huber_loss(x, y) + F.l1_loss(x, y) + F.mse_loss(x, y),
    "binary": lambda x, y, c: F.binary_cross_entropy_with_logits(x, (y > 0).float()),
    "binary with a weight": lambda x, y, c: F.binary_cross_entropy_with_logits(
        x, (y > 0).float(), pos_weight=torch.full((5,), 2.0, device=x.device)
    ),
    "conjugates": lambda x, y, c: torch.complex(x, y).conj().real + torch.complex(x, y).conj().imag,
    "data that is set": lambda x, y, c: _data_set(x[:, :5], y),
    "steps by hand": lambda x, y, c: _stepped_by_hand(x),
    "inference": lambda x, y, c: _inferred(x),
    "states and copies": lambda x, y, c: _loaded(x),
    "legacy": lambda x, y, c: x.new(2, 3).zero_() + x.new([1.0, 2.0, 3.0]),
    "decompositions": lambda x, y, c: torch.linalg.svdvals(x) + torch.linalg.solve(x[:, :4], y[:, :4]).sum(0),
    "attention": lambda x, y, c: F.scaled_dot_product_attention(x[None], y[None], x[None]),
    "divergence": lambda x, y, c: F.kl_div(x.log_softmax(1), y.softmax(1), reduction="batchmean"),
    "ranking": lambda x, y, c: F.triplet_margin_loss(x, y, x + y) + F.margin_ranking_loss(x, y, x.sign()),
    "padding": lambda x, y, c: F.pad(x, (1, 1)) + torch.roll(F.pad(y, (1, 1)), 1, 0),
    "out": lambda x, y, c: torch.add(x, y, out=torch.empty_like(x)),
    "functions of python": lambda x, y, c: x * float(x.sum()) * int(x[0, 0]) * math.sqrt(abs(x[0, 0])) * bool(x.any()),
}


def _written(x: Tensor, index: Any, value: Any) -> Tensor:
    changed = x.clone()
    changed[index] = value
    return changed


def _view_written(x: Tensor) -> Tensor:
    changed = x.clone()
    changed[0].mul_(2)
    changed.view(-1)[3:5] += 1
    return changed


def _data_set(x: Tensor, y: Tensor) -> Tensor:
    layer = nn.Linear(5, 4).to(x.device)
    layer.weight.data = x.clone()
    layer.weight.data -= 0.5
    layer.bias.data.zero_()
    return layer(y)  # type: ignore[no-any-return]


def _stepped_by_hand(x: Tensor) -> Tensor:
    weights = torch.zeros(5, device=x.device, requires_grad=True)
    for _ in range(3):
        (x @ weights - 1).square().mean().backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            assert weights.grad is not None
            weights -= 0.1 * weights.grad
            weights.grad.zero_()
    return weights.detach()


def _inferred(x: Tensor) -> Tensor:
    with torch.inference_mode():
        return (x @ x.T).relu()


def _loaded(x: Tensor) -> Tensor:
    first, second = (nn.Linear(5, 2).to(x.device) for _ in range(2))
    second.load_state_dict(first.state_dict())
    return copy.deepcopy(second)(x)  # type: ignore[no-any-return]


def _no_grad(x: Tensor) -> Tensor:
    with torch.no_grad():
        return x * 2


REFUSED: dict[str, Callable[[Tensor, Tensor, Tensor], Any]] = {
    "sum": lambda x, y, c: x + c,
    "sum the other way": lambda x, y, c: c + x,
    "written to the cpu": lambda x, y, c: c.add_(x),
    "cat": lambda x, y, c: torch.cat([x, c]),
    "stacked numbers": lambda x, y, c: torch.stack([x.sum(), c.sum()]),
    "matrix product": lambda x, y, c: x @ c.T,
    "cpu indexed from the device": lambda x, y, c: c[x[:, 0].argsort()],
    "cpu mask from the device": lambda x, y, c: c[x > 0],
    "where": lambda x, y, c: torch.where(x > 0, x, c),
    "masks": lambda x, y, c: (x > 0) & (c > 0),
    "clamp": lambda x, y, c: x.minimum(c),
    "loss": lambda x, y, c: F.mse_loss(x, c),
    "embedding": lambda x, y, c: F.embedding((x > 0).long(), c),
    "out": lambda x, y, c: torch.add(x, y, out=c),
    "scatter": lambda x, y, c: x.clone().scatter_add_(0, torch.zeros(4, 5).long(), y),
    "index_select": lambda x, y, c: x.index_select(0, torch.tensor([0, 1])),
    "weights": lambda x, y, c: F.binary_cross_entropy_with_logits(x, (y > 0).float(), pos_weight=torch.ones(5)),
    "values of a mask": lambda x, y, c: _written(x, x > 0, torch.ones(int((x > 0).sum()))),
}


@pytest.mark.parametrize("name", TAKEN)
def test_an_operation_that_a_gpu_takes(name: str) -> None:
    torch.manual_seed(3)
    x, y, c = torch.randn(3, 4, 5)
    torch.manual_seed(4)
    expected = TAKEN[name](x.clone(), y.clone(), c.clone())
    with shadow_device():
        torch.manual_seed(4)
        result = TAKEN[name](put_on_device(x.clone()), put_on_device(y.clone()), c.clone())
    assert is_on_device(result)
    torch.testing.assert_close(take_off_device(result), expected)
    assert result.shape == expected.shape
    assert result.dtype == expected.dtype
    assert result.stride() == expected.stride()


@pytest.mark.parametrize("name", REFUSED)
def test_an_operation_that_a_gpu_refuses(name: str) -> None:
    x, y, c = torch.randn(3, 4, 5)
    with shadow_device(), pytest.raises(DeviceMismatch):
        REFUSED[name](put_on_device(x), put_on_device(y), c)


def test_what_is_printed_of_a_tensor() -> None:
    with shadow_device():
        x = put_on_device(torch.tensor([1.0, 2.0]))
        assert repr(x) == "tensor([1., 2.], device='shadow:0')"
        assert f"{x.sum():.2f}" == "3.00"
        assert f"{x.mean()}".startswith("1.5")
        assert str(x.requires_grad_().sum()).startswith("tensor(3.")


def test_what_came_to_the_cpu_is_a_plain_tensor() -> None:
    x, _ = inputs()
    with shadow_device():
        back = put_on_device(x).cpu()
        assert type(back) is Tensor
        assert type(put_on_device(x).to("cpu")) is Tensor
    np.testing.assert_array_equal(back.numpy(), x.numpy())


def test_values_are_shared_with_what_was_put_on_the_device() -> None:
    x, _ = inputs()
    with shadow_device():
        put_on_device(x).zero_()
    assert not x.any()


def test_outside_of_the_block_all_is_as_before() -> None:
    swaps = torch.__future__.get_swap_module_params_on_conversion()
    with pytest.raises(ValueError, match="out"), shadow_device():
        raise ValueError("out")
    assert torch.__future__.get_swap_module_params_on_conversion() is swaps
    assert torch.zeros(2, device="meta").is_meta
    assert type(torch.tensor([1.0])) is Tensor
