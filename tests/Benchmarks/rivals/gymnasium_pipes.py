"""Steps a second of Gymnasium's own vector environments on trivial_env.py: AsyncVectorEnv, which keeps a process and two pipes
for each environment, and SyncVectorEnv, which steps them in this process.

Prints "async_1 RATE" and so on for 1 and 64 environments: the median of windows. usage: gymnasium_pipes.py [seconds]
"""
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import numpy as np
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv
from trivial_env import Trivial

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
if __name__ == "__main__":
    for name, kind, count in [(name, kind, count) for name, kind in (("async", AsyncVectorEnv), ("sync", SyncVectorEnv)) for count in (1, 64)]:
        environments = kind([Trivial] * count)
        environments.reset(seed=0)
        actions = np.zeros(count, np.int64)
        rates = []
        for window in range(6):
            steps, start = 0, time.perf_counter()
            while time.perf_counter() - start < seconds:
                environments.step(actions)
                steps += count
            rates.append(steps / (time.perf_counter() - start))
        environments.close()
        print(f"{name}_{count} {statistics.median(rates[1:])}")
