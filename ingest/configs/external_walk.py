"""An environment of your own: nothing is registered, and NumPy is all that it needs."""
import numpy as np
from offlinerl_server import Box, Discrete


class Walk:
    """A walker on a slippery beam pushes left, rests or pushes right, and is paid for standing in the middle."""

    observation_space = Box([-np.inf], [np.inf])
    action_space = Discrete(3)
    max_episode_steps = 50

    def __init__(self, slip=0.3):
        self.slip = slip

    def reset(self, seed=None):
        if seed is not None:
            self.random = np.random.default_rng(seed)
        self.x = self.random.uniform(-1, 1)
        return np.array([self.x])

    def step(self, action):
        self.x += 0.2 * (action - 1) + self.slip * self.random.normal()
        return np.array([self.x]), 1 - abs(self.x), abs(self.x) > 4, False, {}
