"""Transitions a second that the replay buffers of CORL and d3rlpy (2.x) hand out, one core, beside the time to fill them.

Work: one million transitions of 17 observations and 6 actions in episodes of 1000, batches of 256; and stacks of 4
frames of 84 x 84 bytes out of 20,000, batches of 32 (d3rlpy alone has them). Prints "corl RATE", "corl_fill SECONDS",
"d3rlpy RATE", "d3rlpy_fill SECONDS", "d3rlpy_frames RATE", for the peers that can be imported: CORL by its folder
algorithms/offline on PYTHONPATH. usage: replay_sampling.py [seconds]
"""
import statistics
import sys
import time

import numpy as np
import torch
from torch.optim import lr_scheduler

torch.set_num_threads(1)
seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
rows, length = 1_000_000, 1000
random = np.random.default_rng(0)
observations, actions = random.standard_normal((rows, 17), dtype=np.float32), random.standard_normal((rows, 6), dtype=np.float32)
rewards, cut = random.standard_normal(rows, dtype=np.float32), np.arange(rows) % length == length - 1
found = 0


def rate(draw, size):
    rates = []
    for window in range(6):
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            draw(size)
            count += 1
        rates.append(count * size / (time.perf_counter() - start))
    return statistics.median(rates[1:])


try:
    import contextlib
    import td3_bc

    keep = np.flatnonzero(~cut)
    data = dict(observations=observations[keep], actions=actions[keep], rewards=rewards[keep],
                next_observations=observations[keep + 1], terminals=np.zeros(len(keep), bool))
    start = time.perf_counter()
    buffer = td3_bc.ReplayBuffer(17, 6, rows, "cpu")
    with contextlib.redirect_stdout(sys.stderr):
        buffer.load_d4rl_dataset(data)
    print(f"corl_fill {time.perf_counter() - start}")
    print(f"corl {rate(buffer.sample, 256)}")
    found += 1
except ImportError as e:
    print(f"CORL is not there: {e}", file=sys.stderr)

try:
    # d3rlpy 2.8 asks for torch 2's name of the scheduler base and checks the version at import; it runs on 1.13 all the same.
    if not hasattr(lr_scheduler, "LRScheduler"):
        lr_scheduler.LRScheduler = lr_scheduler._LRScheduler
    version, torch.__version__ = torch.__version__, "2.5.0"
    try:
        import d3rlpy
    finally:
        torch.__version__ = version
    import logging
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    start = time.perf_counter()
    dataset = d3rlpy.dataset.MDPDataset(observations, actions, rewards, np.zeros(rows, bool), cut)
    print(f"d3rlpy_fill {time.perf_counter() - start}")
    print(f"d3rlpy {rate(dataset.sample_transition_batch, 256)}")
    frames = 20_000
    dataset = d3rlpy.dataset.MDPDataset(
        random.integers(0, 255, (frames, 1, 84, 84), dtype=np.uint8), random.integers(0, 6, (frames, 1)),
        random.standard_normal(frames, dtype=np.float32), np.arange(frames) % 500 == 499,
        transition_picker=d3rlpy.dataset.FrameStackTransitionPicker(n_frames=4))
    print(f"d3rlpy_frames {rate(dataset.sample_transition_batch, 32)}")
    found += 1
except ImportError as e:
    print(f"d3rlpy is not there: {e}", file=sys.stderr)

sys.exit(0 if found else 1)
