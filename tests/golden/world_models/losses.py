"""Likelihoods, divergences and their gradients by torch.distributions in float64. Inputs are multiples of 1/1024, which float32 holds exactly.
usage: losses.py > losses.json
"""
import json

import numpy as np
import torch
from torch.distributions import Bernoulli, Categorical, Independent, MixtureSameFamily, Normal, kl_divergence

torch.set_default_dtype(torch.float64)
random = np.random.default_rng(20261122)


def draw(*shape, low=-2.0, high=2.0):
    return torch.tensor(np.round(random.uniform(low, high, shape) * 1024) / 1024)


def lists(x):
    return x.detach().numpy().tolist()


def gradients(value, names, tensors):
    return {f"gradient_{name}": lists(g) for name, g in zip(names, torch.autograd.grad(value.sum(), tensors, retain_graph=True))}


def gaussian():
    x, mean, log = draw(2, 3, 4), draw(2, 3, 4).requires_grad_(), draw(2, 3, 4, low=-1, high=1).requires_grad_()
    value = Independent(Normal(mean, log.exp()), 1).log_prob(x)
    return {"x": lists(x), "mean": lists(mean), "log": lists(log), "value": lists(value), **gradients(value, ["mean", "log"], [mean, log])}


def bernoulli():
    x, logits = draw(5, 6, low=0, high=1).round(), draw(5, 6, low=-6, high=6).requires_grad_()
    value = Independent(Bernoulli(logits=logits), 1).log_prob(x)
    return {"x": lists(x), "logits": lists(logits), "value": lists(value), **gradients(value, ["logits"], [logits])}


def divergences():
    mean, log = draw(5, 3).requires_grad_(), draw(5, 3, low=-1, high=1).requires_grad_()
    other, other_log = draw(5, 3).requires_grad_(), draw(5, 3, low=-1, high=1).requires_grad_()
    p, q = Independent(Normal(mean, log.exp()), 1), Independent(Normal(other, other_log.exp()), 1)
    standard = kl_divergence(p, Independent(Normal(torch.zeros(5, 3), torch.ones(5, 3)), 1))
    out = {"mean": lists(mean), "log": lists(log), "other": lists(other), "other_log": lists(other_log), "standard": lists(standard)}
    out |= {f"standard_{k}": v for k, v in gradients(standard, ["mean", "log"], [mean, log]).items()}
    between = kl_divergence(p, q)
    out |= {"between": lists(between), **gradients(between, ["mean", "log", "other", "other_log"], [mean, log, other, other_log])}
    return out


def mixture():
    x, logits = draw(4, 2), draw(4, 3, low=-4, high=4).requires_grad_()
    means, logs = draw(4, 3, 2).requires_grad_(), draw(4, 3, 2, low=-1, high=1).requires_grad_()
    value = MixtureSameFamily(Categorical(logits=logits), Independent(Normal(means, logs.exp()), 1)).log_prob(x)
    return {"x": lists(x), "logits": lists(logits), "means": lists(means), "logs": lists(logs), "value": lists(value),
            **gradients(value, ["logits", "means", "logs"], [logits, means, logs])}


print(json.dumps({"gaussian": gaussian(), "bernoulli": bernoulli(), "divergences": divergences(), "mixture": mixture()}))
