"""Numbers that tests/Train/WorldModels/CmaEsTests.cs compares with. Writes cma_es.json beside itself.

    apt-get install python3-numpy && /usr/bin/python3 tests/golden/cma_es/cma_es.py

Hansen's tutorial (arXiv:1604.00772v2, figure 6 and table 1), written from its formulas; the normal numbers are stored, and turned into steps by the symmetric root of C.
"""
import json
import os

import numpy as np

rng = np.random.default_rng(8)
N, LAM, GENERATIONS = 4, 9, 8
m, sigma = np.array([1.0, -0.5, 2.0, 0.3]), 0.7
rotation = np.linalg.qr(rng.normal(size=(N, N)))[0]
scales = 10.0 ** (3 * np.arange(N) / (N - 1))


def f(x):
    return float(np.sum(scales * (rotation @ x) ** 2))


w_prime = np.log((LAM + 1) / 2) - np.log(np.arange(1, LAM + 1))
mu = LAM // 2
mueff = w_prime[:mu].sum() ** 2 / (w_prime[:mu] ** 2).sum()
mueff_minus = w_prime[mu:].sum() ** 2 / (w_prime[mu:] ** 2).sum()
c_c = (4 + mueff / N) / (N + 4 + 2 * mueff / N)
c_1 = 2 / ((N + 1.3) ** 2 + mueff)
c_mu = min(1 - c_1, 2 * (1 / 4 + mueff + 1 / mueff - 2) / ((N + 2) ** 2 + 2 * mueff / 2))
c_s = (mueff + 2) / (N + mueff + 5)
d_s = 1 + 2 * max(0, np.sqrt((mueff - 1) / (N + 1)) - 1) + c_s
alpha = min(1 + c_1 / c_mu, 1 + 2 * mueff_minus / (mueff + 2), (1 - c_1 - c_mu) / (N * c_mu))
w = np.where(w_prime >= 0, w_prime / w_prime[w_prime > 0].sum(), alpha * w_prime / -w_prime[w_prime < 0].sum())
chi = np.sqrt(N) * (1 - 1 / (4 * N) + 1 / (21 * N ** 2))

C, p_c, p_s = np.eye(N), np.zeros(N), np.zeros(N)
out = {"m": m.tolist(), "sigma": sigma, "rotation": rotation.tolist(), "scales": scales.tolist(), "generations": []}
for g in range(GENERATIONS):
    values, vectors = np.linalg.eigh(C)
    root = vectors @ np.diag(np.sqrt(values)) @ vectors.T
    inverse = vectors @ np.diag(1 / np.sqrt(values)) @ vectors.T
    z = rng.normal(size=(LAM, N))
    y = z @ root.T
    x = m + sigma * y
    order = np.argsort([f(row) for row in x], kind="stable")
    y = y[order]
    y_w = w[:mu] @ y[:mu]
    m = m + sigma * y_w
    p_s = (1 - c_s) * p_s + np.sqrt(c_s * (2 - c_s) * mueff) * inverse @ y_w
    h = 1.0 if np.linalg.norm(p_s) / np.sqrt(1 - (1 - c_s) ** (2 * (g + 1))) < (1.4 + 2 / (N + 1)) * chi else 0.0
    p_c = (1 - c_c) * p_c + h * np.sqrt(c_c * (2 - c_c) * mueff) * y_w
    w_o = np.array([w[i] if w[i] >= 0 else w[i] * N / np.linalg.norm(inverse @ y[i]) ** 2 for i in range(LAM)])
    C = (1 + c_1 * (1 - h) * c_c * (2 - c_c) - c_1 - c_mu * w.sum()) * C + c_1 * np.outer(p_c, p_c) + c_mu * sum(w_o[i] * np.outer(y[i], y[i]) for i in range(LAM))
    sigma = sigma * np.exp(c_s / d_s * (np.linalg.norm(p_s) / chi - 1))
    out["generations"].append({"z": z.tolist(), "x": x.tolist(), "m": m.tolist(), "sigma": float(sigma), "c": C.tolist(), "h": h})

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "cma_es.json"), "w") as file:
    json.dump(out, file, indent=1)
print([gen["h"] for gen in out["generations"]], sigma, f(m), int(1 / (10 * N * (c_1 + c_mu))))
