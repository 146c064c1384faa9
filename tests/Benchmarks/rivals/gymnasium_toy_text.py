"""Steps a second of an installed Gymnasium's toy-text environments: one instance a call, actions drawn before, resets counted in, one core.

Prints "NAME RATE": the median of windows. Gymnasium has no vector version of these of its own. usage: gymnasium_toy_text.py [seconds]
"""
import random
import statistics
import sys
import time

import gymnasium

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.5
for name, task in {"frozen_lake": "FrozenLake-v1", "cliff_walking": "CliffWalking-v1", "taxi": "Taxi-v4"}.items():
    environment = gymnasium.make(task)
    environment.reset(seed=0)
    drawn = random.Random(0).choices(range(int(environment.action_space.n)), k=1024)
    rates = []
    for window in range(6):
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            for action in drawn:
                step = environment.step(action)
                if step[2] or step[3]:
                    environment.reset()
            count += len(drawn)
        rates.append(count / (time.perf_counter() - start))
    print(f"{name} {statistics.median(rates[1:])}")
