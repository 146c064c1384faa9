"""Reference trajectories of classic control, from Gymnasium's own classes.

Writes one JSON a task beside this file:  python3 tests/golden/classic/classic.py
Needs Gymnasium 1.3.0 and NumPy. Its float32 digits are those of NumPy 2 (weak Python scalars, NEP 50); NumPy 1.24 to 1.26
gives the same ones with NPY_PROMOTION_STATE=weak, which the files here were made with. The state is set before the first
step, as a float64 array; actions are stored, so that nothing needs to be drawn again. Each run goes on to its given
length or to its termination (through it where it says so): the step limit is the wrapper's, not the task's.
"""

import json
import math
import os
import pathlib

os.environ.setdefault("NPY_PROMOTION_STATE", "weak")

import gymnasium
import numpy as np
from gymnasium.envs.classic_control.acrobot import AcrobotEnv
from gymnasium.envs.classic_control.continuous_mountain_car import Continuous_MountainCarEnv
from gymnasium.envs.classic_control.mountain_car import MountainCarEnv
from gymnasium.envs.classic_control.pendulum import PendulumEnv

assert (np.float32(3) * 0.1).dtype == np.float32, "NumPy promotes Python scalars as it did before 2.0"


def number(x):
    """A float64 with all its digits, a float32 with nine."""
    return float(f"{x:.9g}") if isinstance(x, np.float32) else float(x)


def run(name, environment, identity, start, choose, steps, through=False):
    environment.reset(seed=0)
    environment.state = np.array(start, dtype=np.float64)
    actions, states, observations, rewards, terminated = [], [], [], [], []
    while len(actions) < steps and (through or True not in terminated):
        action = choose(len(actions), [float(v) for v in environment.state])
        if isinstance(environment.action_space, gymnasium.spaces.Box):
            action = np.array(action, dtype=np.float32)
        observation, reward, ended, _, _ = environment.step(action)
        actions.append(number(action[0]) if isinstance(action, np.ndarray) else action)
        states.append([float(v) for v in environment.state])
        observations.append([number(v) for v in observation])
        rewards.append(float(reward))
        terminated.append(bool(ended))
    return {"name": name, "identity": identity, "start": start, "actions": actions, "states": states,
            "observations": observations, "rewards": rewards, "terminated": terminated}


def bits(seed, count):
    def draw(*_):
        nonlocal seed
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        return (seed >> 33) * count >> 31
    return draw


def real(seed, bound):
    draw = bits(seed, 2**24)
    return lambda *_: [bound * (draw() / 2**23 - 1)]


def mountain_car():
    def make(**attributes):
        environment = MountainCarEnv()
        for key, value in attributes.items():
            setattr(environment, key, value)
        return environment
    pump = lambda t, s: 0 if s[1] < 0 else 2
    name = "MountainCar-v0"
    return [
        run("pumping", make(), name, [-0.5, 0.0], pump, 200),
        run("random", make(), name, [-0.43, 0.0], bits(1, 3), 150),
        run("into the wall", make(), name, [-1.1, -0.06], lambda t, s: 0, 60),
        run("at the speed limit", make(), name, [-1.15, 0.069], lambda t, s: 2, 60),
        run("to the end of the road", make(goal_velocity=0.07), name + "?goal_velocity=0.07", [0.45, 0.06], lambda t, s: 0 if t > 3 else 2, 40),
        run("other hill", make(force=0.002, gravity=0.003, max_speed=0.05, goal_position=0.3), name + "?power=0.002&gravity=0.003&max_speed=0.05&goal_position=0.3", [-0.5, 0.0], pump, 200),
    ]


def mountain_car_continuous():
    def make(**attributes):
        environment = Continuous_MountainCarEnv()
        for key, value in attributes.items():
            setattr(environment, key, value)
        return environment
    pump = lambda t, s: [-1.0 if s[1] < 0 else 1.0]
    name = "MountainCarContinuous-v0"
    return [
        run("pumping", make(), name, [-0.5123456789012345, 0.0], pump, 200),
        run("softly", make(), name, [-0.4321098765432109, 0.0], lambda t, s: [max(-1.0, min(1.0, 15 * s[1]))], 400),
        run("random", make(), name, [-0.43, 0.0], real(2, 1), 150),
        run("into the wall", make(), name, [-1.1, -0.06], lambda t, s: [-1.0], 60),
        run("at the speed limit", make(), name, [-1.15, 0.069], lambda t, s: [0.9], 60),
        run("over the goal at once", make(), name, [0.4499, 0.05], lambda t, s: [0.3], 5),
        run("to the end of the road", make(goal_velocity=0.07), name + "?goal_velocity=0.07", [0.45, 0.06], lambda t, s: [-0.5 if t > 3 else 1.0], 40),
        run("other engine", make(power=0.002, max_speed=0.05, goal_position=0.3), name + "?power=0.002&max_speed=0.05&goal_position=0.3", [-0.5, 0.0], pump, 200),
    ]


def pendulum():
    def make(**attributes):
        environment = PendulumEnv()
        for key, value in attributes.items():
            setattr(environment, key, value)
        return environment
    name = "Pendulum-v1"
    return [
        run("random", make(), name, [3.0, 0.5], real(3, 2), 150),
        run("whirled", make(), name, [1.0, 7.9], lambda t, s: [2.0], 190),
        run("whirled back", make(), name, [-1.0, -7.9], lambda t, s: [-2.0], 100),
        run("balanced", make(), name, [0.3, -0.2], lambda t, s: [max(-2.0, min(2.0, -10 * s[0] - 2.5 * s[1]))], 60),
        run("far round", make(), name, [731.25, 1.0], real(4, 2), 60),
        run("other rod", make(g=9.81, m=1.3, l=0.7, max_speed=6), name + "?gravity=9.81&mass=1.3&length=0.7&max_speed=6", [2.0, 0.0], real(5, 2), 100),
    ]


def acrobot():
    def make(**attributes):
        environment = AcrobotEnv()
        for key, value in attributes.items():
            setattr(environment, key, value)
        return environment
    pump = lambda t, s: 2 if s[3] > 0 else 0
    name = "Acrobot-v1"
    return [
        run("pumping", make(), name, [0.05, -0.02, 0.01, 0.03], pump, 200),
        run("random", make(), name, [0.1, -0.1, 0.05, 0.0], bits(6, 3), 120),
        run("whirled", make(), name, [0.0, 0.0, 12.0, 28.0], lambda t, s: 2, 40, through=True),
        run("whirled back", make(), name, [-1.0, 1.0, -12.5, 28.2], lambda t, s: 0, 40, through=True),
        run("outer link whirled", make(), name, [0.2, -3.0, 0.0, -28.2], bits(7, 3), 40, through=True),
        run("other links", make(LINK_LENGTH_1=0.8, LINK_MASS_1=1.2, LINK_MASS_2=0.7, LINK_COM_POS_1=0.6, LINK_COM_POS_2=0.4, LINK_MOI=0.8, AVAIL_TORQUE=[-1.5, 0.0, 1.5]),
            name + "?length_1=0.8&mass_1=1.2&mass_2=0.7&center_1=0.6&center_2=0.4&inertia=0.8&torque=1.5", [0.05, -0.02, 0.01, 0.03], pump, 100),
    ]


if __name__ == "__main__":
    for task in (mountain_car, mountain_car_continuous, pendulum, acrobot):
        runs = task()
        path = pathlib.Path(__file__).with_name(task.__name__ + ".json")
        path.write_text("[\n" + ",\n".join(json.dumps(r) for r in runs) + "\n]\n")
        print(task.__name__, {r["name"]: (len(r["actions"]), sum(r["terminated"])) for r in runs}, path.stat().st_size)
        assert all(math.isfinite(v) for r in runs for s in r["states"] for v in s)
