"""Seconds for 100 CartPole-v1 episodes of a 2 x 256 policy, acting greedily, on one core: torch on the CPU and an installed Gymnasium,
as a plain loop over one environment, and with Gymnasium's own vector version of 100 instances, which goes on until each has ended once.

The policy is the one in the file: float32, weights [out, in] and bias of each layer, one after the other. It keeps the pole up to the limit.
Prints "loop SECONDS STEPS", as two lines, and the same for "vector": medians of runs.
usage: gymnasium_policy.py WEIGHTS [repeats]
"""
import statistics
import sys
import time

import gymnasium
import numpy
import torch

EPISODES, REPEATS = 100, int(sys.argv[2]) if len(sys.argv) > 2 else 3
torch.set_num_threads(1)
values = numpy.fromfile(sys.argv[1], dtype=numpy.float32)
layers, at = [], 0
for inputs, outputs in ((4, 256), (256, 256), (256, 2)):
    layer = torch.nn.Linear(inputs, outputs)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(values[at:at + inputs * outputs].reshape(outputs, inputs)))
        layer.bias.copy_(torch.from_numpy(values[at + inputs * outputs:at + inputs * outputs + outputs]))
    at += (inputs + 1) * outputs
    layers += [layer, torch.nn.ReLU()]
assert at == len(values)
policy = torch.nn.Sequential(*layers[:-1])


def loop():
    environment, steps = gymnasium.make("CartPole-v1"), 0
    for episode in range(EPISODES):
        observation, _ = environment.reset(seed=episode)
        ended = False
        while not ended:
            action = int(policy(torch.from_numpy(observation)).argmax())
            observation, _, terminated, truncated, _ = environment.step(action)
            ended = terminated or truncated
            steps += 1
    return steps


def vector():
    environments = gymnasium.make_vec("CartPole-v1", num_envs=EPISODES, vectorization_mode="vector_entry_point")
    observations, _ = environments.reset(seed=0)
    running, steps = numpy.ones(EPISODES, dtype=bool), 0
    while running.any():
        actions = policy(torch.from_numpy(observations.astype(numpy.float32))).argmax(dim=1).numpy()
        observations, _, terminated, truncated, _ = environments.step(actions)
        steps += int(running.sum())
        running &= ~(terminated | truncated)
    return steps


with torch.inference_mode():
    for name, work, repeats in (("loop", loop, REPEATS), ("vector", vector, 2 * REPEATS + 1)):
        work() if name == "vector" else None
        seconds = []
        for _ in range(repeats):
            start = time.perf_counter()
            steps = work()
            seconds.append(time.perf_counter() - start)
        print(name, statistics.median(seconds))
        print(name + "/steps", steps)
