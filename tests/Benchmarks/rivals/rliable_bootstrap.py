"""Seconds that the stratified bootstrap of four aggregates takes the way rliable does it: for each resample a matrix of runs and tasks is
gathered by fancy indexing, and NumPy computes mean, median, interquartile mean and optimality gap of it. Needs numpy.
usage: rliable_bootstrap.py METHODS TASKS SEEDS RESAMPLES"""
import sys
import time

import numpy as np

methods, tasks, seeds, resamples = map(int, sys.argv[1:])
random = np.random.default_rng(0)
scores = [random.normal(50, 20, (seeds, tasks)) for _ in range(methods)]


def trimmed(matrix):
    values = np.sort(matrix, axis=None)
    cut = values.size // 4
    return values[cut:values.size - cut].mean()


start = time.perf_counter()
columns = np.arange(tasks)[None, :]
for matrix in scores:
    drawn = np.empty((resamples, 4))
    for b in range(resamples):
        sample = matrix[random.integers(0, seeds, (seeds, tasks)), columns]
        means = sample.mean(axis=0)
        drawn[b] = means.mean(), np.median(means), trimmed(sample), 100 - np.minimum(sample, 100).mean()
    np.percentile(drawn, [2.5, 97.5], axis=0)
print(f"numpy {time.perf_counter() - start}")
