"""MAGIC on a small random log, from its definition (Thomas and Brunskill 2016, algorithm 1) with SciPy's SLSQP for the blend.

Writes magic.json beside this file:  python3 tests/golden/ope/magic.py      (NumPy and SciPy)
The interval of the unbiased return is given, since a bootstrap would need the same draws.
"""

import json
import pathlib

import numpy as np
from scipy.optimize import minimize


def case(seed, episodes, longest, gamma, bias, half_width):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, episodes)
    horizon = int(lengths.max())
    shape = (episodes, horizon)
    alive = np.arange(horizon)[None, :] < lengths[:, None]
    log_ratio = np.where(alive, rng.normal(0, 0.6, shape), 0.0)  # A finished episode keeps its weight.
    reward = np.where(alive, rng.normal(1, 1, shape), 0.0)
    q = np.where(alive, rng.normal(2 + bias, 1, shape), 0.0)
    v = np.where(alive, rng.normal(2 + bias, 1, shape), 0.0)

    weight = np.exp(np.cumsum(log_ratio, axis=1))
    weight = weight / weight.sum(axis=0)
    before = np.concatenate([np.full((episodes, 1), 1 / episodes), weight[:, :-1]], axis=1)
    discount = gamma ** np.arange(horizon)
    v_next = np.concatenate([v[:, 1:], np.zeros((episodes, 1))], axis=1)
    g = []
    for j in range(-1, horizon):
        through = slice(0, j + 1)
        total = (discount * weight * reward)[:, through].sum(axis=1)
        # The value where the weighted rewards stop, and the control variate up to there.
        total = total + (v[:, 0] / episodes if j < 0 else gamma * discount[j] * weight[:, j] * v_next[:, j])
        total = total - (discount * (weight * q - before * v))[:, through].sum(axis=1)
        g.append(total)
    g = np.array(g)
    returns = g.sum(axis=1)
    centered = g - g.mean(axis=1, keepdims=True)
    omega = episodes / (episodes - 1) * centered @ centered.T
    low, high = returns[-1] - half_width, returns[-1] + half_width
    distance = np.maximum(0, np.maximum(low - returns, returns - high))
    form = omega + np.outer(distance, distance)
    best = None
    for start in range(len(returns)):
        x0 = np.full(len(returns), 0.1 / len(returns))
        x0[start] += 0.9
        found = minimize(lambda x: x @ form @ x * 1e3, x0, jac=lambda x: 2e3 * form @ x, bounds=[(0, 1)] * len(returns),
                         constraints={"type": "eq", "fun": lambda x: x.sum() - 1, "jac": np.ones_like}, method="SLSQP",
                         options={"ftol": 1e-15, "maxiter": 5000})
        if best is None or found.fun < best.fun:
            best = found
    flat = [(i, t) for i in range(episodes) for t in range(lengths[i])]
    column = lambda a: [float(a[i, t]) for i, t in flat]
    return {"lengths": lengths.tolist(), "discount": gamma, "log_ratio": column(log_ratio), "reward": column(reward), "q": column(q), "v": column(v),
            "low": low, "high": high, "dm": returns[0], "wdr": returns[-1], "form": form.tolist(), "blend": best.x.tolist(), "objective": float(best.x @ form @ best.x), "magic": float(best.x @ returns)}


if __name__ == "__main__":
    cases = [case(1, 60, 6, 0.95, 0.0, 0.1), case(2, 60, 6, 0.95, 3.0, 0.2), case(3, 40, 4, 1.0, 1.0, 0.05)]
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps({"cases": cases}) + "\n")
    for c in cases:
        print(c["dm"], c["wdr"], c["magic"], np.round(c["blend"], 4))
