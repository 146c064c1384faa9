"""Importance sampling estimates for softmax(beta x logits) on RLlib's CartPole logs, from the CSV with plain Python floats.

    python3 tests/golden/rllib_ope.py ../shared/data/rllib_cartpole/decoded_large.csv.gz > tests/golden/rllib_ope.json

Written from the definitions, not from the product's sources: products of ratios in the open, one loop a formula. The
log's numbers are float32 printed in nine digits, so they are rounded to float32 first.
"""
import csv
import gzip
import json
import math
import struct
import sys


def float32(text):
    return struct.unpack("f", struct.pack("f", float(text)))[0]


episodes = {}
with gzip.open(sys.argv[1], "rt") as file:
    for row in csv.DictReader(file):
        episodes.setdefault(row["episode"], []).append(row)


def ratio(row, beta):
    powers = [math.exp(beta * float32(row[f"action_dist_inputs_{a}"])) for a in (0, 1)]
    return powers[int(row["action_0"])] / sum(powers) / math.exp(float32(row["action_logp"]))


result = {}
for beta in (0.5, 1, 2):
    weights, rewards = [], []
    for rows in episodes.values():
        rho = [1.0]
        for row in rows:
            rho.append(rho[-1] * ratio(row, beta))
        weights.append(rho[1:])
        rewards.append([float(row["reward"]) for row in rows])

    n = len(weights)
    last = [w[-1] for w in weights]
    returns = [sum(r) for r in rewards]
    wpdis = 0.0
    for t in range(max(len(w) for w in weights)):
        above = sum(w[t] * r[t] for w, r in zip(weights, rewards) if t < len(w))
        below = sum(w[min(t, len(w) - 1)] for w in weights)
        wpdis += above / below
    result[str(beta)] = {
        "is": sum(w * g for w, g in zip(last, returns)) / n,
        "wis": sum(w * g for w, g in zip(last, returns)) / sum(last),
        "pdis": sum(w * r for ws, rs in zip(weights, rewards) for w, r in zip(ws, rs)) / n,
        "wpdis": wpdis,
        "effective_sample_size": sum(last) ** 2 / sum(w * w for w in last),
        "mean_weight": sum(last) / n,
        "max_weight": max(last),
    }

json.dump(result, sys.stdout, indent=2)
print()
