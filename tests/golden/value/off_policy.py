"""Returns, V-trace, Retrace, n-step targets and importance weights of ragged episodes: each by its definition as a sum over
later steps, in plain Python numbers (float64), one episode at a time. Needs numpy. Inputs are multiples of 1/1024.
usage: off_policy.py > off_policy.json
"""
import json
import math

import numpy as np

random = np.random.default_rng(20240722)
lengths = [4, 1, 7, 2, 5]
rows = sum(lengths)


def draw(low, high):
    return (np.round(random.uniform(low, high, rows) * 1024) / 1024).tolist()


ratios, rewards, values, next_values = draw(0.05, 3), draw(-2, 2), draw(-3, 3), draw(-3, 3)
gamma = 0.9375
discounts, continues, steps, index, last = [], [], [], [], []
for e, length in enumerate(lengths):
    for t in range(length):
        ends = t == length - 1
        # Episodes 0 and 3 terminate, the others are cut off before a known state.
        discounts.append(0.0 if ends and e in (0, 3) else gamma)
        continues.append(0.0 if ends else 1.0)
        steps.append(t)
        index.append(e)
        if not ends:
            next_values[len(steps) - 1] = values[len(steps)]
    last.append(len(steps) - 1)

error = [rewards[i] + discounts[i] * next_values[i] - values[i] for i in range(rows)]


def span(i):
    return range(i, last[index[i]] + 1)


def summed(i, trace, first=None, until=None):
    """sum_k (prod_{j<k} discount_j) (product of traces) error_k; trace(j) multiplies step j."""
    total, product, discount = 0.0, 1.0, 1.0
    for k in span(i):
        if until is not None and k >= i + until:
            break
        product *= trace(k, i)
        total += discount * product * (first(k) if first else 1.0) * error[k]
        discount *= discounts[k]
    return total


def vtrace(rho_limit, c_limit, lam):
    targets = []
    for i in range(rows):
        # prod of c over i..k-1, times rho_k.
        trace = lambda k, s: 1.0 if k == s else lam * min(c_limit, ratios[k - 1])
        targets.append(values[i] + summed(i, trace, first=lambda k: min(rho_limit, ratios[k])))
    advantages = []
    for i in range(rows):
        after = next_values[i] if i in last else targets[i + 1]
        advantages.append(min(rho_limit, ratios[i]) * (rewards[i] + discounts[i] * after - values[i]))
    return targets, advantages


def retrace(limit, lam):
    return [values[i] + summed(i, lambda k, s: 1.0 if k == s else lam * min(limit, ratios[k])) for i in range(rows)]


def n_step(n):
    return [values[i] + summed(i, lambda k, s: ratios[k], until=n) for i in range(rows)]


def to_go():
    result = []
    for i in range(rows):
        total, discount = 0.0, 1.0
        for k in span(i):
            total += discount * rewards[k]
            discount *= discounts[k]
        result.append(total + discount * next_values[last[index[i]]])
    return result


per_decision = [math.prod(ratios[i - steps[i]:i + 1]) for i in range(rows)]
trajectory = [per_decision[i] for i in last]
normalized = [len(lengths) * w / sum(trajectory) for w in trajectory]
first = [l - n + 1 for l, n in zip(last, lengths)]
step_sums = [sum(per_decision[min(f + t, l)] for f, l in zip(first, last)) for t in range(max(lengths))]
targets, advantages = vtrace(1.25, 0.75, 0.875)
free, _ = vtrace(math.inf, math.inf, 1)
json.dump(dict(targets=dict(
    ratios=ratios, rewards=rewards, values=values, next_values=next_values, discounts=discounts, continues=continues,
    rho_limit=1.25, c_limit=0.75, **{"lambda": 0.875}, vtrace=targets, vtrace_advantages=advantages, vtrace_free=free,
    retrace=retrace(1, 0.875), n_step=n_step(3), n_step_whole=n_step(max(lengths)), to_go=to_go(),
    advantages=[summed(i, lambda k, s: 1.0 if k == s else 0.875) for i in range(rows)]),
    weights=dict(ratios=ratios, steps=steps, last=last, longest=max(lengths), per_decision=per_decision, trajectory=trajectory, normalized=normalized,
                 normalized_per_decision=[len(lengths) * per_decision[i] / step_sums[steps[i]] for i in range(rows)],
                 effective=sum(trajectory) ** 2 / sum(w * w for w in trajectory), kl=sum(r - 1 - math.log(r) for r in ratios) / rows)),
    open(1, "w"), indent=1)
