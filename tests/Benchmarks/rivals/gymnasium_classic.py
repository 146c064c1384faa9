"""Steps a second of an installed Gymnasium's classic control, one core: each task alone, as gymnasium.make gives it, and,
where Gymnasium has one, its own vector version with 1,024 instances. The same actions, drawn before, go round.

Prints "ID RATE", "ID/vector RATE" and, with the actions drawn as it goes, "ID/vector/sampled RATE": the medians of windows.
usage: gymnasium_classic.py [seconds a window]
"""
import statistics
import sys
import time

import gymnasium

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 0.5
COUNT, ROUNDS, WINDOWS = 1024, 16, 5


def rate(step, steps):
    rates = []
    for _ in range(WINDOWS + 1):
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < SECONDS:
            step()
            count += steps
        rates.append(count / (time.perf_counter() - start))
    return statistics.median(rates[1:])


def single(name):
    environment = gymnasium.make(name)
    environment.reset(seed=0)
    environment.action_space.seed(0)
    actions = [environment.action_space.sample() for _ in range(COUNT)]

    def step():
        for action in actions:
            _, _, terminated, truncated, _ = environment.step(action)
            if terminated or truncated:
                environment.reset()
    return rate(step, COUNT)


def vector(name, is_sampled):
    environments = gymnasium.make_vec(name, num_envs=COUNT, vectorization_mode="vector_entry_point")
    environments.reset(seed=0)
    environments.action_space.seed(0)
    actions = [environments.action_space.sample() for _ in range(ROUNDS)]

    def step():
        for action in actions:
            environments.step(environments.action_space.sample() if is_sampled else action)
    return rate(step, COUNT * ROUNDS)


for task in ("CartPole-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Acrobot-v1", "Pendulum-v1"):
    print(task, single(task))
    if gymnasium.spec(task).vector_entry_point is not None:
        print(task + "/vector", vector(task, False))
        print(task + "/vector/sampled", vector(task, True))
