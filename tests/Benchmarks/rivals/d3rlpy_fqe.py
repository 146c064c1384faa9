"""Steps a second of an installed d3rlpy's (2.x) fitted Q evaluation, batch 256, sampling included, one core.

Work of fqe: 17 observations, 6 continuous actions, the policy of TD3+BC. Of discrete_fqe: 4 observations, 2 actions, the policy
of DQN. Two hidden layers of 256, 200,000 stored transitions in episodes of 200, half of them cut. Prints "CASE RATE", the
median of windows.
usage: d3rlpy_fqe.py CASE [seconds]
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
from d3rlpy.algos import DQNConfig, TD3PlusBCConfig  # noqa: E402
from d3rlpy.ope import FQE, DiscreteFQE, FQEConfig  # noqa: E402

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
torch.set_num_threads(1)
case = sys.argv[1]
seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0

batch, rows, length = 256, 200_000, 200
discrete = case == "discrete_fqe"
width, actions = (4, 2) if discrete else (17, 6)
random = np.random.default_rng(0)
observations = random.standard_normal((rows, width), dtype=np.float32)
taken = random.integers(0, actions, (rows, 1)) if discrete else random.uniform(-1, 1, (rows, actions)).astype(np.float32)
end = np.arange(rows) % length == length - 1
terminal = end & (np.arange(rows) // length % 2 == 0)
data = d3rlpy.dataset.MDPDataset(
    observations, taken, random.standard_normal(rows, dtype=np.float32), terminal, end & ~terminal,
    action_space=d3rlpy.ActionSpace.DISCRETE if discrete else d3rlpy.ActionSpace.CONTINUOUS)

policy = (DQNConfig() if discrete else TD3PlusBCConfig()).create(device=False)
policy.create_impl((width,), actions)
learner = (DiscreteFQE if discrete else FQE)(algo=policy, config=FQEConfig(batch_size=batch))
learner.create_impl((width,), actions)
rates = []
for window in range(6):
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        learner.update(data.sample_transition_batch(batch))
        count += 1
    rates.append(count / (time.perf_counter() - start))
print(f"{case} {statistics.median(rates[1:])}")
