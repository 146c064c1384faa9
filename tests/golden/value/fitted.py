"""Linear fitted Q evaluation and marginalized weights, independently in NumPy: writes fitted.json.

40 episodes of 2 to 6 steps, 2-dimensional observations, 2 actions, a third of the episodes cut with a known next observation.
"""
import json
import pathlib

import numpy as np

rng = np.random.default_rng(7)
gamma, ridge, episodes = 0.9, 1e-3, 40
lengths = rng.integers(2, 7, episodes)
first = np.concatenate([[0], np.cumsum(lengths)])
n = first[-1]
x = rng.normal(size=(n + episodes, 2)).astype(np.float32)
actions = rng.integers(0, 2, n)
rewards = (x[:n, 0] * (actions * 2 - 1) + 0.3 * rng.normal(size=n))
terminated = np.arange(episodes) % 3 != 0
policy1 = 1 / (1 + np.exp(-x[:, 0].astype(float)))
policy = np.stack([1 - policy1, policy1], 1)
ratios = policy[np.arange(n), actions] / 0.5

mean, scale = x[:n].astype(float).mean(0), x[:n].astype(float).std(0)
z = np.concatenate([np.ones((n + episodes, 1)), (x.astype(float) - mean) / scale], 1)
episode = np.repeat(np.arange(episodes), lengths)
last = np.isin(np.arange(n), first[1:] - 1)
following = np.where(last, n + episode, np.arange(n) + 1)
goes_on = ~(last & terminated[episode])

taken = np.zeros((n, 6))
for a in range(2):
    taken[actions == a, 3 * a:3 * a + 3] = z[:n][actions == a]
expected = np.concatenate([policy[:, :1] * z, policy[:, 1:] * z], 1)
matrix = taken.T @ (taken - gamma * goes_on[:, None] * expected[following]) + ridge * n * np.eye(6)
q = np.linalg.solve(matrix, taken.T @ rewards)

# To the end of the episode: ridge regressions backwards.
finite = np.zeros(n)
after = np.zeros(6)
bounds = (rewards.min(), rewards.max())
for t in reversed(range(lengths.max())):
    rows = first[:-1][lengths > t] + t
    left = lengths.max() - t - 1
    total = (1 - gamma ** left) / (1 - gamma)
    low, high = min(bounds[0], bounds[0] * total), max(bounds[1], bounds[1] * total)
    target = rewards[rows] + np.where(last[rows], 0, gamma * np.clip(expected[np.minimum(rows + 1, n - 1)] @ after, low, high))
    after = np.linalg.solve(taken[rows].T @ taken[rows] + ridge * len(rows) * np.eye(6), taken[rows].T @ target)
    finite[rows] = taken[rows] @ after

state = z[:n].T @ (z[:n] - gamma * (goes_on * ratios)[:, None] * z[following]) + ridge * n * np.eye(3)
starts = z[first[:-1]].mean(0)
values = np.linalg.solve(state, z[:n].T @ (ratios * rewards))
weights = np.linalg.solve(state.T, starts * n)
error = ratios * (rewards + gamma * goes_on * (z[following] @ values)) - z[:n] @ values
per_episode = z[first[:-1]] @ values + np.bincount(episode, (z[:n] @ weights) * error) * episodes / n

out = dict(
    first=first.tolist(), observations=x.astype(float).ravel().tolist(), actions=actions.tolist(), rewards=rewards.tolist(),
    terminated=terminated.tolist(), policy=policy.ravel().tolist(), ratios=ratios.tolist(), gamma=gamma, ridge=ridge,
    weights=q.tolist(), action_values=(taken @ q).tolist(), state_values=(expected[:n] @ q).tolist(), finite_action_values=finite.tolist(),
    mis=per_episode.mean(), mis_standard_error=per_episode.std(ddof=1) / np.sqrt(episodes))
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out))
