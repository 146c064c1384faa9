"""Losses of the value-based family in plain Python numbers (float64, loops), gradients by PyTorch's autograd in float64
over independent formulas. Needs numpy and torch. Inputs are multiples of 1/1024, which float32 holds exactly.
usage: losses.py > losses.json
"""
import json
import math

import numpy as np
import torch

random = np.random.default_rng(20240615)


def draw(*shape, low=-2.0, high=2.0):
    return np.round(random.uniform(low, high, shape) * 1024) / 1024


def lists(x):
    return np.asarray(x, dtype=np.float64).tolist()


def categorical():
    b, a, n, low, high = 6, 3, 7, -1.5, 3.0
    logits, next_logits, actions = draw(b, a, n), draw(b, a, n), random.integers(0, a, b)
    rewards, discounts = draw(b, low=-3, high=3), np.array([0.9, 0, 0.5, 1, 0.99, 0.9])
    discounts = np.round(discounts * 1024) / 1024
    rewards[3] = 0  # no shift at discount 1: the distribution itself comes back
    weights = draw(b, low=0.1, high=1)
    z = [low + (high - low) * i / (n - 1) for i in range(n)]
    projected, means = [], []
    for k in range(b):
        row = next_logits[k]
        p = np.exp(row) / np.exp(row).sum(-1, keepdims=True)
        best = int(np.argmax(p @ np.array(z)))
        means.append(float(p[best] @ np.array(z)))
        m = [0.0] * n
        for i in range(n):
            t = min(max(rewards[k] + discounts[k] * z[i], low), high)
            for j in range(n):  # the triangular kernel, in place of the paper's floor and ceiling
                m[j] += p[best][i] * max(0.0, 1 - abs(t - z[j]) / (z[1] - z[0]))
        projected.append(m)
    x = torch.tensor(logits, requires_grad=True)
    chosen = x[torch.arange(b), torch.tensor(actions)]
    losses = -(torch.tensor(projected) * (chosen - torch.logsumexp(chosen, -1, keepdim=True))).sum(-1)
    (losses * torch.tensor(weights)).mean().backward()
    return dict(low=low, high=high, logits=lists(logits), next_logits=lists(next_logits), actions=actions.tolist(), rewards=lists(rewards),
                discounts=lists(discounts), weights=lists(weights), next_means=means, projected=projected, losses=losses.tolist(), gradient=x.grad.tolist())


def quantile():
    b, n, m, kappa = 5, 4, 6, 0.75
    estimates, targets, weights = draw(b, n), draw(b, m), draw(b, low=0.1, high=1)
    taus = draw(b, n, low=0.01, high=0.99)
    losses = []
    for k in range(b):
        total = 0.0
        for i in range(n):
            for j in range(m):
                u = targets[k][j] - estimates[k][i]
                huber = u * u / 2 if abs(u) <= kappa else kappa * (abs(u) - kappa / 2)
                total += abs(taus[k][i] - (1 if u < 0 else 0)) * huber / kappa / m
        losses.append(total)
    x = torch.tensor(estimates, requires_grad=True)
    u = torch.tensor(targets)[:, None, :] - x[:, :, None]
    h = torch.where(u.abs() <= kappa, u * u / 2, kappa * (u.abs() - kappa / 2)) / kappa
    rows = (torch.where(u < 0, 1 - torch.tensor(taus)[:, :, None], torch.tensor(taus)[:, :, None]) * h).sum((1, 2)) / m
    (rows * torch.tensor(weights)).mean().backward()
    return dict(kappa=kappa, estimates=lists(estimates), taus=lists(taus), targets=lists(targets), weights=lists(weights), losses=losses, gradient=x.grad.tolist())


def offline():
    b, a, k = 6, 4, 3
    q, actions = draw(b, a), random.integers(0, a, b)
    mask = random.random((b, a)) < 0.6
    mask[np.arange(b), actions] = True
    weights = draw(b, low=0.1, high=1)
    x = torch.tensor(q, requires_grad=True)
    penalties, constraint, expected = [], [], []
    logits, threshold = draw(b, a), 0.3
    for r in range(b):
        allowed = [i for i in range(a) if mask[r][i]]
        penalties.append(math.log(sum(math.exp(q[r][i]) for i in allowed)) - q[r][actions[r]])
        p = {i: math.exp(logits[r][i]) for i in allowed}
        constraint.append([bool(mask[r][i] and p[i] / max(p.values()) > threshold) for i in range(a)])
        expected.append(sum(p[i] * q[r][i] for i in allowed) / sum(p.values()))
    rows = torch.logsumexp(x.masked_fill(~torch.tensor(mask), -math.inf), -1) - x[torch.arange(b), torch.tensor(actions)]
    (rows * torch.tensor(weights)).mean().backward()
    errors, tau = draw(8), 0.7
    v = torch.zeros(8, dtype=torch.float64, requires_grad=True)
    u = torch.tensor(errors) - v
    (torch.where(u < 0, 1 - tau, tau) * u * u).mean().backward()
    heads, uniform = draw(b, a, k), draw(k, low=0.05, high=1)
    return dict(q=lists(q), actions=actions.tolist(), mask=mask.tolist(), weights=lists(weights), penalties=penalties, gradient=x.grad.tolist(),
                logits=lists(logits), threshold=threshold, constraint=constraint, expected=expected,
                errors=lists(errors), tau=tau, expectile=[(tau if e >= 0 else 1 - tau) * e * e for e in errors], expectile_gradient=v.grad.tolist(),
                temperature=0.5, limit=20, exponential=[min(math.exp(e / 0.5), 20) for e in errors], binary=[1.0 if e > 0 else 0.0 for e in errors],
                heads=lists(heads), uniform=lists(uniform),
                mixture=[[sum(heads[r][i][j] * uniform[j] for j in range(k)) / sum(uniform) for i in range(a)] for r in range(b)])


print(json.dumps(dict(categorical=categorical(), quantile=quantile(), offline=offline())))
