"""Log-probabilities, entropies, divergences and their gradients by torch.distributions in float64; what has no closed form there by numerical
integration. Inputs are multiples of 1/1024, which float32 holds exactly.
usage: distributions.py > distributions.json
"""
import json
import math

import numpy as np
import torch
from torch.distributions import (
    AffineTransform, Categorical, Independent, MixtureSameFamily, Normal, TanhTransform, TransformedDistribution, kl_divergence)

torch.set_default_dtype(torch.float64)
random = np.random.default_rng(20261121)


def draw(*shape, low=-2.0, high=2.0):
    return torch.tensor(np.round(random.uniform(low, high, shape) * 1024) / 1024)


def lists(x):
    return x.detach().numpy().tolist()


def gradients(value, *parameters):
    return [lists(g) for g in torch.autograd.grad(value.sum(), parameters, retain_graph=True)]


def categorical():
    logits, others = draw(5, 4, low=-4, high=4).requires_grad_(), draw(5, 4, low=-4, high=4)
    masks = torch.tensor([[True, True, True, True], [True, False, True, True], [False, True, False, False], [True, True, False, False], [False, True, True, True]])
    actions = torch.tensor([0, 2, 1, 1, 3])
    out = {"logits": lists(logits), "others": lists(others), "masks": masks.tolist(), "actions": actions.tolist()}
    # A distribution over the allowed actions alone, row by row, so that no infinity is ever there.
    log, entropy, kl = [], [], []
    for row in range(5):
        allowed = masks[row].nonzero().squeeze(-1)
        p, q = Categorical(logits=logits[row][allowed]), Categorical(logits=others[row][allowed])
        log.append(p.log_prob((allowed == actions[row]).nonzero().squeeze()))
        entropy.append(p.entropy())
        kl.append(kl_divergence(p, q))
    for name, value in (("log", torch.stack(log)), ("entropy", torch.stack(entropy)), ("kl", torch.stack(kl))):
        out[name] = lists(value)
        out[name + "_gradient"] = lists(torch.autograd.grad(value.sum(), logits, retain_graph=True)[0])
    return out


def normal():
    mean, log = draw(6, 3).requires_grad_(), draw(6, 3, low=-1.5, high=1).requires_grad_()
    mean_q, log_q, actions = draw(6, 3), draw(6, 3, low=-1.5, high=1), draw(6, 3, low=-3, high=3)
    p, q = Independent(Normal(mean, log.exp()), 1), Independent(Normal(mean_q, log_q.exp()), 1)
    out = {"mean": lists(mean), "log_deviation": lists(log), "mean_q": lists(mean_q), "log_deviation_q": lists(log_q), "actions": lists(actions)}
    for name, value, parameters in (("log", p.log_prob(actions), (mean, log)), ("entropy", p.entropy(), (log,)), ("kl", kl_divergence(p, q), (mean, log))):
        out[name] = lists(value)
        out[name + "_gradients"] = gradients(value, *parameters)
    return out


def cut():
    """Normals cut off at -1 and 2, one dimension a row: moments by 200,001 points of Simpson's rule."""
    mean, log = draw(8, 1, low=-1, high=2), draw(8, 1, low=-2, high=2)
    mean_q, log_q, actions = draw(8, 1, low=-1, high=2), draw(8, 1, low=-2, high=2), draw(8, 1, low=-1, high=2)
    x = torch.linspace(-1, 2, 200_001).unsqueeze(0)
    weights = torch.full((200_001,), 2.0)
    weights[1::2], weights[0], weights[-1] = 4.0, 1.0, 1.0
    weights *= 3 / 200_000 / 3

    def integral(values):
        return (values * weights).sum(-1)

    def log_density(m, s, at):
        raw = Normal(m, s.exp())
        return raw.log_prob(at) - integral(raw.log_prob(x).exp()).log().unsqueeze(-1)

    p, q = log_density(mean, log, x), log_density(mean_q, log_q, x)
    return {
        "mean": lists(mean), "log_deviation": lists(log), "mean_q": lists(mean_q), "log_deviation_q": lists(log_q), "actions": lists(actions),
        "log": lists(log_density(mean, log, actions).squeeze(-1)),
        "entropy": lists(integral(-p.exp() * p)), "kl": lists(integral(p.exp() * (p - q))),
        "mean_of_actions": lists(integral(p.exp() * x)), "variance_of_actions": lists(integral(p.exp() * x * x) - integral(p.exp() * x) ** 2),
    }


def squashed():
    """middle + half tanh(u) between -1 and 2 in one dimension, -0.5 and 0.5 in the other."""
    low, high = torch.tensor([-1.0, -0.5]), torch.tensor([2.0, 0.5])
    middle, half = (low + high) / 2, (high - low) / 2
    mean, log = draw(6, 2).requires_grad_(), draw(6, 2, low=-1.5, high=0.75).requires_grad_()
    places = draw(6, 2, low=-0.97, high=0.97)
    actions = middle + half * places
    p = Independent(TransformedDistribution(Normal(mean, log.exp()), [TanhTransform(), AffineTransform(middle, half)]), 1)
    value = p.log_prob(actions)
    out = {"mean": lists(mean), "log_deviation": lists(log), "actions": lists(actions), "log": lists(value), "log_gradients": gradients(value, mean, log)}
    # Entropy over u: that of the normal plus the mean of ln |da/du|, by Simpson's rule over 12 deviations.
    z = torch.linspace(-12, 12, 200_001)
    weights = torch.full((200_001,), 2.0)
    weights[1::2], weights[0], weights[-1] = 4.0, 1.0, 1.0
    weights = weights * (24 / 200_000 / 3) * torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    u = mean.unsqueeze(-1) + log.exp().unsqueeze(-1) * z
    slope = -2 * torch.log(torch.cosh(u)) + torch.log(half).unsqueeze(-1)
    out["entropy"] = lists((0.5 + 0.5 * math.log(2 * math.pi) + log + (slope * weights).sum(-1)).sum(-1))
    return out


def mixture():
    logits, mean, log = draw(6, 3).requires_grad_(), draw(6, 3, 2).requires_grad_(), draw(6, 3, 2, low=-1, high=0.5).requires_grad_()
    actions = draw(6, 2)
    value = MixtureSameFamily(Categorical(logits=logits), Independent(Normal(mean, log.exp()), 1)).log_prob(actions)
    out = {"logits": lists(logits), "mean": lists(mean), "log_deviation": lists(log), "actions": lists(actions), "log": lists(value)}
    out["logits_gradient"], out["mean_gradient"], out["log_deviation_gradient"] = gradients(value, logits, mean, log)
    return out


print(json.dumps({"categorical": categorical(), "normal": normal(), "cut": cut(), "squashed": squashed(), "mixture": mixture()}))
