"""The least that an environment can do: a counter with four observations. For our Python server, and for Gymnasium's own vector environments."""
import numpy as np

try:
    from gymnasium import Env, spaces

    Box = lambda low, high: spaces.Box(np.float32(low), np.float32(high))
    Discrete = spaces.Discrete
except ImportError:
    from offlinerl_server import Box, Discrete

    Env = object


class Trivial(Env):
    observation_space = Box([-1e9] * 4, [1e9] * 4)
    action_space = Discrete(2)
    metadata = {"render_modes": []}

    def reset(self, *, seed=None, options=None):
        self.state = np.zeros(4, np.float32)
        self.steps = 0
        return self.state, {}

    def step(self, action):
        self.steps += 1
        self.state[0] = self.steps
        return self.state, 1.0, self.steps % 200 == 0, False, {}
