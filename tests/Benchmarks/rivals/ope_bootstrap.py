"""Seconds for IS, WIS, PDIS, WPDIS, DM, DR and WDR with bootstrap intervals over episodes in NumPy: per-episode terms once, then
resampling counts times matrices (BLAS). Needs numpy.
usage: ope_bootstrap.py EPISODES LENGTH RESAMPLES"""
import sys
import time

import numpy as np

episodes, length, resamples = map(int, sys.argv[1:])
random = np.random.default_rng(0)
shape = (episodes, length)
reward, behavior, q, v = random.normal(0, 1, shape), random.normal(-1, 0.1, shape), random.normal(0, 1, shape), random.normal(0, 1, shape)
evaluation = behavior + random.normal(0, 0.05, shape)

start = time.perf_counter()
gamma = 0.99 ** np.arange(length)
log_weight = np.cumsum(evaluation - behavior, axis=1)
weight = np.exp(log_weight)
scaled = np.exp(log_weight - log_weight.max(axis=0))
correction = gamma * (reward - q)
correction[:, :-1] += gamma[1:] * v[:, 1:]
returns = (gamma * reward).sum(axis=1)
flat = np.stack([weight[:, -1] * returns, scaled[:, -1] * returns, scaled[:, -1], (weight * gamma * reward).sum(axis=1), v[:, 0],
                 v[:, 0] + (weight * correction).sum(axis=1)], axis=1)
rewards, corrections = scaled * gamma * reward, scaled * correction


def estimates(counts):
    sums = counts @ flat / episodes
    below = counts @ scaled
    wpdis = ((counts @ rewards) / below).sum(axis=1)
    wdr = sums[:, 4] + ((counts @ corrections) / below).sum(axis=1)
    return np.stack([sums[:, 0], sums[:, 1] / sums[:, 2], sums[:, 3], wpdis, sums[:, 4], sums[:, 5], wdr], axis=1)


counts = np.stack([np.bincount(random.integers(0, episodes, episodes), minlength=episodes) for _ in range(resamples)]).astype(float)
value = estimates(np.ones((1, episodes)))
low, high = np.percentile(estimates(counts), [2.5, 97.5], axis=0)
print(f"numpy {time.perf_counter() - start}")
