"""Reference trajectories of the cart and pole, from the published definition, in plain Python doubles.

Writes cartpole.json beside this file. Standard library only:  python3 tests/golden/cartpole.py
The formula and the order of its operations are those of Gymnasium's CartPole-v1 (classic_control/cartpole.py);
actions of the balanced runs come from a linear controller and are stored, so that nothing needs to be drawn again.
"""

import json
import math
import pathlib

TAU, X_LIMIT, ANGLE_LIMIT = 0.02, 2.4, 12 * 2 * math.pi / 360


def step(state, action, p):
    x, x_dot, theta, theta_dot = state
    total_mass = p["pole_mass"] + p["cart_mass"]
    pole_moment = p["pole_mass"] * p["length"]
    force = p["force"] if action == 1 else -p["force"]
    cos, sin = math.cos(theta), math.sin(theta)
    temp = (force + pole_moment * (theta_dot * theta_dot) * sin) / total_mass
    theta_acc = (p["gravity"] * sin - cos * temp) / (
        p["length"] * (4.0 / 3.0 - p["pole_mass"] * (cos * cos) / total_mass)
    )
    x_acc = temp - pole_moment * theta_acc * cos / total_mass
    return [x + TAU * x_dot, x_dot + TAU * x_acc, theta + TAU * theta_dot, theta_dot + TAU * theta_acc]


def fallen(state):
    return abs(state[0]) > X_LIMIT or abs(state[2]) > ANGLE_LIMIT


def run(name, p, start, choose, steps):
    states, actions = [start], []
    while len(actions) < steps and not fallen(states[-1]):
        action = choose(len(actions), states[-1])
        actions.append(action)
        states.append(step(states[-1], action, p))
    return {"name": name, "parameters": p, "actions": actions, "states": states, "terminated": fallen(states[-1])}


def controller(_, s):
    return 1 if 0.05 * s[0] + 0.1 * s[1] + s[2] + 0.25 * s[3] > 0 else 0


def bits(seed):
    def choose(t, _):
        nonlocal seed
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        return seed >> 63
    return choose


NOMINAL = {"gravity": 9.8, "cart_mass": 1.0, "pole_mass": 0.1, "length": 0.5, "force": 10.0}
RUNS = [
    run("balanced", NOMINAL, [0.01, -0.02, 0.03, -0.04], controller, 500),
    run("random", NOMINAL, [-0.03, 0.01, 0.02, 0.045], bits(1), 500),
    run("left", NOMINAL, [0.0, 0.0, 0.0, 0.0], lambda t, s: 0, 500),
    run("right", NOMINAL, [0.049, 0.0, -0.049, 0.0], lambda t, s: 1, 500),
    run("double pole", NOMINAL | {"length": 1.0}, [0.02, 0.0, -0.01, 0.0], controller, 150),
    run("short pole, random", NOMINAL | {"length": 0.25}, [0.0, 0.01, 0.0, -0.01], bits(2), 500),
    run("other planet", NOMINAL | {"gravity": 15.0, "cart_mass": 2.0, "pole_mass": 0.5, "force": 20.0}, [-0.05, 0.05, 0.05, -0.05], controller, 150),
]

if __name__ == "__main__":
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text("[\n" + ",\n".join(json.dumps(r) for r in RUNS) + "\n]\n")
    print({r["name"]: (len(r["actions"]), r["terminated"]) for r in RUNS}, path.stat().st_size)
