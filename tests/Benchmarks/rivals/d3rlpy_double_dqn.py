"""Double-DQN steps a second of an installed d3rlpy (2.x), sampling included, one core.

Work: 4 observations, 2 actions, two hidden layers of 256, batch 32 and 256, one million stored transitions in
episodes of 200. Prints "batch_32 RATE" and "batch_256 RATE": medians of windows. usage: d3rlpy_double_dqn.py [seconds]
"""
import statistics
import sys
import time

import torch
from torch.optim import lr_scheduler

# d3rlpy 2.8 asks for torch 2's name of the scheduler base and checks the version at import; it runs on 1.13 all the same.
if not hasattr(lr_scheduler, "LRScheduler"):
    lr_scheduler.LRScheduler = lr_scheduler._LRScheduler
version, torch.__version__ = torch.__version__, "2.5.0"
import d3rlpy  # noqa: E402
torch.__version__ = version
import logging  # noqa: E402
import numpy as np  # noqa: E402
import structlog  # noqa: E402

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
torch.set_num_threads(1)
seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0

rows, length = 1_000_000, 200
random = np.random.default_rng(0)
end = np.arange(rows) % length == length - 1
terminal = end & (np.arange(rows) // length % 2 == 0)
data = d3rlpy.dataset.MDPDataset(
    random.standard_normal((rows, 4), dtype=np.float32), random.integers(0, 2, (rows, 1)),
    random.standard_normal(rows, dtype=np.float32), terminal, end & ~terminal)

for batch in (32, 256):
    learner = d3rlpy.algos.DoubleDQNConfig(batch_size=batch).create(device=False)
    learner.create_impl((4,), 2)
    rates = []
    for window in range(6):
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            learner.update(data.sample_transition_batch(batch))
            count += 1
        rates.append(count / (time.perf_counter() - start))
    print(f"batch_{batch} {statistics.median(rates[1:])}")
