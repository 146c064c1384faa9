"""Numbers of PyTorch that tests/Torch/GoldenTests.cs compares with. Writes torch_golden.json beside itself.

    apt-get install python3-torch && /usr/bin/python3 tests/golden/torch_golden.py

Every case is {"in": tensors, "out": tensors}; a tensor is {"s": shape, "d": values in row-major order}. A case's name tells
the C# side what to compute; what it computes is the expression beside the name here.
"""
import json
import os

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
noise = torch.Generator().manual_seed(20)
cases = {}


def pack(t):
    t = t.detach()
    values = t.flatten().tolist()
    return {"s": list(t.shape), "d": [float(f"{v:.9g}") if isinstance(v, float) else int(v) for v in values]}


def case(name, inputs, outputs):
    cases[name] = {"in": {k: pack(v) for k, v in inputs.items()}, "out": {k: pack(v) for k, v in outputs.items()}}


def randn(*shape):
    return torch.randn(*shape, generator=noise)


# Functions of one or two tensors, with the gradient of sum(out * w) for a fixed w.
X, Y = randn(3, 4), randn(3, 4)
P = X.abs() + 0.1
POINTWISE = {
    "add": lambda x, y: x + y, "sub_scalar": lambda x, y: 1.5 - x, "mul": lambda x, y: x * y, "div": lambda x, y: x / y,
    "rdiv": lambda x, y: 2.0 / x, "pow": lambda x, y: x ** 3, "abs": lambda x, y: x.abs(), "exp": lambda x, y: x.exp(),
    "square": lambda x, y: x.square(), "tanh": lambda x, y: x.tanh(), "sigmoid": lambda x, y: x.sigmoid(), "erf": lambda x, y: x.erf(),
    "relu": lambda x, y: x.relu(), "silu": lambda x, y: F.silu(x), "gelu": lambda x, y: F.gelu(x), "elu": lambda x, y: F.elu(x, 0.7),
    "leaky_relu": lambda x, y: F.leaky_relu(x, 0.2), "softplus": lambda x, y: F.softplus(x, 2, 1), "logsigmoid": lambda x, y: F.logsigmoid(x),
    "clamp": lambda x, y: x.clamp(-0.5, 0.8), "maximum": lambda x, y: torch.maximum(x, y), "minimum": lambda x, y: torch.minimum(x, y),
    "logaddexp": lambda x, y: torch.logaddexp(x, y), "where": lambda x, y: torch.where(x > y, x, y * 2), "lerp": lambda x, y: x.lerp(y, torch.tensor(0.3)),
    "softmax": lambda x, y: x.softmax(1), "log_softmax": lambda x, y: x.log_softmax(0), "logsumexp": lambda x, y: x.logsumexp(1),
    "sum_dim": lambda x, y: x.sum(1), "sum_keep": lambda x, y: x.sum(0, keepdim=True), "mean_dim": lambda x, y: x.mean([0, 1]),
    "var": lambda x, y: x.var(1), "std": lambda x, y: x.std(1, unbiased=False), "prod": lambda x, y: x.prod(),
    "max_dim": lambda x, y: x.max(1)[0], "amax": lambda x, y: x.amax(0), "norm": lambda x, y: x.norm(), "cumsum": lambda x, y: x.cumsum(1),
    "matmul": lambda x, y: x @ y.t(), "outer": lambda x, y: torch.outer(x[0], y[1]), "transpose": lambda x, y: x.transpose(0, 1) * 2,
    "slice": lambda x, y: x[1:, ::2], "ellipsis": lambda x, y: x[..., 1], "new_axis": lambda x, y: x[:, None, -1],
    "cat": lambda x, y: torch.cat([x, y], 1), "stack": lambda x, y: torch.stack([x, y], 0), "flip": lambda x, y: x.flip(1),
    "index_rows": lambda x, y: x[torch.tensor([2, 0, 2])], "masked_fill": lambda x, y: x.masked_fill(y > 0, -1.0), "mask": lambda x, y: x[y > 0],
    "addcmul": lambda x, y: torch.addcmul(x, x, y, value=0.5), "broadcast": lambda x, y: x - y[:, :1], "tril": lambda x, y: x.tril(),
    "gather": lambda x, y: x.gather(1, torch.tensor([[0], [3], [1]])), "expand": lambda x, y: x[:, :1].expand(3, 5), "remainder": lambda x, y: x.remainder(0.7),
    "atanh": lambda x, y: (x * 0.4).atanh(), "expm1": lambda x, y: x.expm1(), "sin": lambda x, y: x.sin(), "cos": lambda x, y: x.cos(),
    "permute": lambda x, y: x.unflatten(1, (2, 2)).permute(2, 0, 1), "repeat": lambda x, y: x.repeat(2, 1), "repeat_interleave": lambda x, y: x.repeat_interleave(2, 0),
    "triu": lambda x, y: x.triu(1), "index_select": lambda x, y: x.index_select(1, torch.tensor([3, 3, 0])), "masked_select": lambda x, y: x.masked_select(x > y),
    "bmm": lambda x, y: torch.bmm(x.view(3, 2, 2), y.view(3, 2, 2)), "baddbmm": lambda x, y: torch.baddbmm(x.view(3, 2, 2), x.view(3, 2, 2), y.view(3, 2, 2), beta=0.5, alpha=2),
    "addmm": lambda x, y: torch.addmm(y[:, :3], x, y.t(), beta=2, alpha=0.5), "einsum": lambda x, y: torch.einsum("ij,kj->ik", x, y), "mv": lambda x, y: x.mv(y[0]),
    "cumprod": lambda x, y: x.cumprod(0), "amin": lambda x, y: x.amin(1), "min_dim": lambda x, y: x.min(0)[0], "clamp_min": lambda x, y: x.clamp_min(0.1).clamp_max(1.0),
    "scatter": lambda x, y: x.scatter(1, torch.tensor([[1], [0], [2]]), y[:, :1]), "addcdiv": lambda x, y: torch.addcdiv(x, x, y, value=0.3),
    "clamp_tensor": lambda x, y: x.clamp(y - 0.5, y + 0.5), "select": lambda x, y: x.select(1, 2),
    "median": lambda x, y: x.flatten().median(), "quantile": lambda x, y: x.flatten().quantile(torch.tensor([0.25, 0.9])), "diag": lambda x, y: x[:, :3].diag(),
    "dot": lambda x, y: x[0].dot(y[0]), "layer_norm": lambda x, y: F.layer_norm(x, [4]), "gelu_tanh": lambda x, y: F.gelu(x, approximate="tanh"),
}
for name, function in POINTWISE.items():
    x = X.clone().requires_grad_()
    out = function(x, Y)
    weight = torch.arange(1, out.numel() + 1, dtype=torch.float32).reshape(out.shape) / out.numel()
    (out * weight).sum().backward()
    case("fn." + name, {"x": X, "y": Y}, {"out": out, "grad": x.grad})
for name, function in {"log": torch.log, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt, "log1p": torch.log1p}.items():
    x = P.clone().requires_grad_()
    out = function(x)
    out.sum().backward()
    case("positive." + name, {"x": P}, {"out": out, "grad": x.grad})

# Losses, with the gradient of the input.
T = randn(3, 4)
CLASS = torch.tensor([2, 0, 3])
LOSSES = {
    "mse": lambda x: F.mse_loss(x, T), "mse_sum": lambda x: F.mse_loss(x, T, reduction="sum"), "l1": lambda x: F.l1_loss(x, T),
    "smooth_l1": lambda x: F.smooth_l1_loss(x, T, beta=0.5), "huber": lambda x: F.huber_loss(x, T, delta=0.7),
    "huber_none": lambda x: F.huber_loss(x, T, reduction="none"), "cross_entropy": lambda x: F.cross_entropy(x, CLASS),
    "cross_entropy_smooth": lambda x: F.cross_entropy(x, CLASS, label_smoothing=0.1), "nll": lambda x: F.nll_loss(x.log_softmax(1), CLASS),
    "bce": lambda x: F.binary_cross_entropy_with_logits(x, T.sigmoid()), "kl": lambda x: F.kl_div(x.log_softmax(1), T.log_softmax(1), reduction="sum", log_target=True),
    "kl_probability": lambda x: F.kl_div(x.log_softmax(1), T.softmax(1), reduction="mean"),
}
for name, function in LOSSES.items():
    x = X.clone().requires_grad_()
    out = function(x)
    out.sum().backward()
    case("loss." + name, {"x": X, "t": T}, {"out": out, "grad": x.grad})

# Layers: output, gradient of the input and of the weight.
for name, layer, x in [
    ("linear", torch.nn.Linear(4, 3), randn(5, 4)),
    ("conv", torch.nn.Conv2d(2, 3, 3, stride=2, padding=1), randn(2, 2, 5, 5)),
    ("layernorm", torch.nn.LayerNorm(4), randn(5, 4)),
]:
    with torch.no_grad():
        layer.weight.copy_(randn(*layer.weight.shape))
        layer.bias.copy_(randn(*layer.bias.shape))
    x.requires_grad_()
    out = layer(x)
    out.square().sum().backward()
    case("layer." + name, {"x": x, "weight": layer.weight, "bias": layer.bias},
         {"out": out, "grad": x.grad, "weight_grad": layer.weight.grad, "bias_grad": layer.bias.grad})

# Optimizers: ten steps on sum((w * a - b)^2).
A, B, W = randn(6), randn(6), randn(6)
OPTIMIZERS = {
    "adam": lambda p: torch.optim.Adam(p, 0.05), "adam_decay": lambda p: torch.optim.Adam(p, 0.05, betas=(0.8, 0.95), eps=1e-5, weight_decay=0.1),
    "adam_amsgrad": lambda p: torch.optim.Adam(p, 0.05, amsgrad=True), "adamw": lambda p: torch.optim.AdamW(p, 0.05, weight_decay=0.1),
    "adamw_zero": lambda p: torch.optim.AdamW(p, 0.05, weight_decay=0.0), "sgd": lambda p: torch.optim.SGD(p, 0.02),
    "sgd_momentum": lambda p: torch.optim.SGD(p, 0.02, momentum=0.9, weight_decay=0.1), "sgd_nesterov": lambda p: torch.optim.SGD(p, 0.02, momentum=0.9, nesterov=True),
}
for name, make in OPTIMIZERS.items():
    w = W.clone().requires_grad_()
    optimizer = make([w])
    path = []
    for _ in range(10):
        optimizer.zero_grad()
        (w * A - B).square().sum().backward()
        optimizer.step()
        path.append(w.detach().clone())
    case("optim." + name, {"a": A, "b": B, "w": W}, {"path": torch.stack(path)})

# Clipping of three gradients by their joint norm.
parameters = [torch.nn.Parameter(randn(2, 3)), torch.nn.Parameter(randn(4))]
grads = [randn(2, 3), randn(4)]
for limit in (0.5, 50.0):
    for p, g in zip(parameters, grads):
        p.grad = g.clone()
    norm = torch.nn.utils.clip_grad_norm_(parameters, limit)
    case(f"clip.{limit:g}", {"g0": grads[0], "g1": grads[1]}, {"norm": norm, "g0": parameters[0].grad, "g1": parameters[1].grad})

# Distributions.
LOGITS, SCALE = randn(2, 3), randn(3, 4).exp()
categorical = torch.distributions.Categorical(logits=LOGITS)
case("distribution.categorical", {"logits": LOGITS}, {"log_prob": categorical.log_prob(torch.tensor([2, 1])), "entropy": categorical.entropy(), "probs": categorical.probs})
normal = torch.distributions.Normal(X, SCALE)
case("distribution.normal", {"loc": X, "scale": SCALE, "value": Y}, {"log_prob": normal.log_prob(Y), "entropy": normal.entropy()})

# A generator's stream: the same seed gives the same numbers in every libtorch.
generator = torch.Generator().manual_seed(7)
case("generator", {}, {
    "rand": torch.rand(5, generator=generator), "randn": torch.randn(5, generator=generator), "randint": torch.randint(3, 20, (6,), generator=generator),
    "randperm": torch.randperm(7, generator=generator), "multinomial": torch.multinomial(torch.tensor([0.1, 0.2, 0.7]), 8, True, generator=generator),
    "uniform": torch.empty(4).uniform_(-2, 3, generator=generator), "normal": torch.empty(4).normal_(1, 2, generator=generator),
    "bernoulli": torch.bernoulli(torch.full((6,), 0.4), generator=generator),
})

target = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch_golden.json")
with open(target, "w") as f:
    json.dump({"torch": torch.__version__, "cases": cases}, f, separators=(",", ":"), allow_nan=False)
    f.write("\n")
print(f"{len(cases)} cases, {os.path.getsize(target)} bytes")
