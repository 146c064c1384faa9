"""Five updates of double DQN in plain Python numbers (float64, gradients by hand), independent of the product.

Writes dqn.json: the sizes, the first parameters, a batch a step, and after each step the metrics and all parameters.
Network 3-4-2 with relu; Huber's delta 1; gradient norm limited to 1 (which binds in some steps); Adam with a step size falling linearly from
0.01 to 0.002 over 5 steps; every second step the target moves by a tenth. usage: dqn.py > dqn.json
"""
import json
import math

INPUTS, HIDDEN, ACTIONS, BATCH, STEPS = 3, 4, 2, 6, 5
RATE, FINAL_RATE, BETA1, BETA2, EPSILON = 0.01, 0.002, 0.9, 0.999, 1e-8
DELTA, MAX_NORM, TARGET_RATE, TARGET_PERIOD = 1.0, 1.0, 0.1, 2

state = 12345


def uniform(low, high):
    global state
    state = (1103515245 * state + 12345) % 2**31
    # Rounded to what float32 holds exactly, so that both sides start from the same numbers.
    return round((low + (high - low) * state / 2**31) * 1024) / 1024


def network():
    return {"w0": [[uniform(-1, 1) for _ in range(INPUTS)] for _ in range(HIDDEN)], "b0": [uniform(-1, 1) for _ in range(HIDDEN)],
            "w1": [[uniform(-1, 1) for _ in range(HIDDEN)] for _ in range(ACTIONS)], "b1": [uniform(-1, 1) for _ in range(ACTIONS)]}


def flat(p):
    return [x for row in p["w0"] for x in row] + p["b0"] + [x for row in p["w1"] for x in row] + p["b1"]


def unflat(v):
    v = list(v)
    take = lambda n: [v.pop(0) for _ in range(n)]
    return {"w0": [take(INPUTS) for _ in range(HIDDEN)], "b0": take(HIDDEN), "w1": [take(HIDDEN) for _ in range(ACTIONS)], "b1": take(ACTIONS)}


def forward(p, x):
    pre = [sum(w * xi for w, xi in zip(row, x)) + b for row, b in zip(p["w0"], p["b0"])]
    hidden = [max(0.0, z) for z in pre]
    return hidden, [sum(w * h for w, h in zip(row, hidden)) + b for row, b in zip(p["w1"], p["b1"])]


online = network()
target = unflat(flat(online))
first = [0.0] * len(flat(online))
second = list(first)
out = {"sizes": [INPUTS, HIDDEN, ACTIONS], "steps": STEPS, "learning_rate": RATE, "final_learning_rate": FINAL_RATE,
       "max_gradient_norm": MAX_NORM, "target_rate": TARGET_RATE, "target_period_steps": TARGET_PERIOD,
       "initial": flat(online), "updates": []}

for step in range(STEPS):
    batch = {"observations": [[uniform(-1, 1) for _ in range(INPUTS)] for _ in range(BATCH)],
             "actions": [int(uniform(0, 1) * ACTIONS) % ACTIONS for _ in range(BATCH)],
             "rewards": [uniform(-2, 2) for _ in range(BATCH)],
             "discounts": [0.0 if i % 3 == 2 else 0.875 for i in range(BATCH)],
             "next_observations": [[uniform(-1, 1) for _ in range(INPUTS)] for _ in range(BATCH)]}
    gradient = unflat([0.0] * len(first))
    loss = error_sum = 0.0
    values = []
    for i in range(BATCH):
        chosen = forward(online, batch["next_observations"][i])[1]
        best = max(range(ACTIONS), key=lambda a: chosen[a])
        goal = batch["rewards"][i] + batch["discounts"][i] * forward(target, batch["next_observations"][i])[1][best]
        x, action = batch["observations"][i], batch["actions"][i]
        hidden, q = forward(online, x)
        values += q
        error = goal - q[action]
        error_sum += abs(error)
        loss += (0.5 * error**2 if abs(error) <= DELTA else DELTA * (abs(error) - DELTA / 2)) / BATCH
        slope = -max(-DELTA, min(DELTA, error)) / BATCH
        gradient["b1"][action] += slope
        for h in range(HIDDEN):
            gradient["w1"][action][h] += slope * hidden[h]
            if hidden[h] > 0:
                back = slope * online["w1"][action][h]
                gradient["b0"][h] += back
                for k in range(INPUTS):
                    gradient["w0"][h][k] += back * x[k]
    g = flat(gradient)
    norm = math.sqrt(sum(v * v for v in g))
    scale = min(1.0, MAX_NORM / (norm + 1e-6))
    rate = RATE + (FINAL_RATE - RATE) * step / STEPS
    theta = flat(online)
    for j, v in enumerate(g):
        first[j] = BETA1 * first[j] + (1 - BETA1) * v * scale
        second[j] = BETA2 * second[j] + (1 - BETA2) * (v * scale)**2
        theta[j] -= rate * (first[j] / (1 - BETA1**(step + 1))) / (math.sqrt(second[j] / (1 - BETA2**(step + 1))) + EPSILON)
    online = unflat(theta)
    if (step + 1) % TARGET_PERIOD == 0:
        target = unflat([(1 - TARGET_RATE) * t + TARGET_RATE * o for t, o in zip(flat(target), theta)])
    out["updates"].append({"batch": batch, "loss": loss, "td_error": error_sum / BATCH, "q_mean": sum(values) / len(values),
                           "q_max": max(values), "gradient_norm": norm, "online": theta, "target": flat(target)})

print(json.dumps(out))
