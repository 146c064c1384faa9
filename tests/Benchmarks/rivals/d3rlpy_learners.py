"""Steps a second of one of an installed d3rlpy's (2.x) discrete learners, batch 32, sampling included, one core.

Work of grid_dqn and grid_double_dqn: 10 x 10 cells and 4 channels of bytes, 6 actions, 16 filters of 3 x 3 and a hidden
layer of 128, 200,000 stored transitions in episodes of 500. Of the others: 4 observations, 2 actions, two hidden layers of
256, one million stored transitions in episodes of 200. Prints "CASE RATE", the median of windows.
usage: d3rlpy_learners.py CASE [seconds]
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
from d3rlpy.algos import (  # noqa: E402
    DiscreteBCConfig, DiscreteBCQConfig, DiscreteCQLConfig, DoubleDQNConfig, DQNConfig, NFQConfig)
from d3rlpy.models import PixelEncoderFactory, QRQFunctionFactory  # noqa: E402

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
torch.set_num_threads(1)
case = sys.argv[1]
seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0

batch = 32
grid = PixelEncoderFactory(filters=[[16, 3, 1]], feature_size=128)
config = {
    "grid_dqn": lambda: DQNConfig(batch_size=batch, encoder_factory=grid),
    "grid_double_dqn": lambda: DoubleDQNConfig(batch_size=batch, encoder_factory=grid),
    "discrete_cql": lambda: DiscreteCQLConfig(batch_size=batch),
    "discrete_bcq": lambda: DiscreteBCQConfig(batch_size=batch, share_encoder=False),
    "discrete_bc": lambda: DiscreteBCConfig(batch_size=batch),
    "nfq": lambda: NFQConfig(batch_size=batch),
    "qr_dqn": lambda: DQNConfig(batch_size=batch, q_func_factory=QRQFunctionFactory(n_quantiles=200)),
}[case]()

random = np.random.default_rng(0)
if case.startswith("grid"):
    rows, length, shape, actions = 200_000, 500, (4, 10, 10), 6
    observations = (random.random((rows, *shape), dtype=np.float32) < .1).astype(np.uint8)
    terminal = np.arange(rows) % length == length - 1
    timeout = np.zeros(rows, bool)
else:
    rows, length, shape, actions = 1_000_000, 200, (4,), 2
    observations = random.standard_normal((rows, *shape), dtype=np.float32)
    end = np.arange(rows) % length == length - 1
    terminal = end & (np.arange(rows) // length % 2 == 0)
    timeout = end & ~terminal
data = d3rlpy.dataset.MDPDataset(
    observations, random.integers(0, actions, (rows, 1)), random.standard_normal(rows, dtype=np.float32),
    terminal, timeout, action_space=d3rlpy.ActionSpace.DISCRETE)

learner = config.create(device=False)
learner.create_impl(shape, actions)
rates = []
for window in range(6):
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        learner.update(data.sample_transition_batch(batch))
        count += 1
    rates.append(count / (time.perf_counter() - start))
print(f"{case} {statistics.median(rates[1:])}")
