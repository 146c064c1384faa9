"""CartPole-v1 steps a second of an installed Gymnasium's own vector version, 1,024 instances, random actions, one core.

Prints "vector_1024 RATE": the median of windows. usage: gymnasium_cartpole.py [seconds]
"""
import statistics
import sys
import time

import gymnasium

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
environments = gymnasium.make_vec("CartPole-v1", num_envs=1024, vectorization_mode="vector_entry_point")
environments.reset(seed=0)
environments.action_space.seed(0)
rates = []
for window in range(6):
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        environments.step(environments.action_space.sample())
        count += 1024
    rates.append(count / (time.perf_counter() - start))
print(f"vector_1024 {statistics.median(rates[1:])}")
