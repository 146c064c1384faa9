"""Environments for the tests of the Python server, each with one trait."""
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
from offlinerl_server import Box, Discrete


class Walk:
    """A random walk: state and step count; the state leaves [-3, 3] or 20 steps pass."""

    observation_space = Box([-10, 0], [10, 20])
    action_space = Discrete(3, start=-1)
    max_episode_steps = 20

    def __init__(self, noise=0.5, width=3, bounce=False):
        self.noise, self.width, self.bounce = noise, width, bounce

    def reset(self, seed=None):
        if seed is not None:
            self.random = np.random.default_rng(seed)
        self.x, self.t = self.random.normal() * self.noise, 0
        return self.observe(), {}

    def step(self, action):
        self.x += action + self.random.normal() * self.noise
        self.t += 1
        return self.observe(), -abs(self.x), abs(self.x) > self.width, False, {}

    def observe(self):
        return np.array([self.x, self.t])


class OldWalk(Walk):
    """The API of gym before 0.26."""

    def seed(self, seed):
        self.random = np.random.default_rng(seed)

    def reset(self):
        return super().reset()[0]

    def step(self, action):
        observation, reward, terminated, _, info = super().step(action)
        limit = self.t == 5
        return observation, reward, terminated or limit, {"TimeLimit.truncated": limit and not terminated}


class Both(Walk):
    """Terminated and truncated at once, after two steps."""

    def step(self, action):
        return self.observe(), 0.0, True, True, {}


class Masked(Walk):
    """The action of which the walker has just come back is not allowed."""

    action_space = Discrete(3)

    def reset(self, seed=None):
        observation, _ = super().reset(seed=seed)
        return observation, {"action_mask": np.array([1, 1, 0], np.int8)}

    def step(self, action):
        observation, reward, terminated, truncated, _ = super().step(action - 1)
        mask = np.ones(3, bool)
        mask[action] = False
        return observation, reward, terminated, truncated, {"action_mask": mask}


class Method(Walk):
    """Masks by a method, as other libraries have them."""

    def action_masks(self):
        return [True, False, self.t % 2 == 0]


class Pixels:
    """An image whose pixels are the step count; draws itself."""

    observation_space = Box(0, 255, (4, 4, 3), "uint8")
    action_space = Box(-1.0, 1.0, (2, 2))

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, seed=None):
        self.t = 0
        return np.full((4, 4, 3), 7, np.uint8), {}

    def step(self, action):
        assert action.shape == (2, 2) and action.dtype == np.float32
        self.t += 1
        return np.full((4, 4, 3), self.t, np.uint8), float(action[1, 0]), False, False, {}

    def render(self):
        assert self.render_mode == "rgb_array"
        return np.full((6, 8, 4), 10 * self.t, np.uint8)


class Joined:
    """A Dict of boxes, keys out of order, with a Tuple inside."""

    def __init__(self, discrete=False):
        inner = type("Tuple", (), {})()
        inner.spaces = (Box(-1.0, 1.0, (2,)), Box(0.0, 5.0, ()))
        space = type("Dict", (), {})()
        space.spaces = {"wheel": inner, "axle": Box([0, 0], [9, 9], dtype="uint8")}
        if discrete:
            space.spaces["gear"] = Discrete(5)
        self.observation_space, self.action_space = space, Discrete(2)

    def observe(self):
        return {"wheel": (np.array([0.25, -0.5]), 3.0), "axle": np.array([8, 9], np.uint8), "gear": 4}

    def reset(self, seed=None):
        return self.observe()

    def step(self, action):
        return self.observe(), 1.0, False, False, {}


class Levers(Joined):
    """MultiDiscrete and MultiBinary."""

    def __init__(self, binary=False, act=False):
        space = type("MultiBinary" if binary else "MultiDiscrete", (), {})()
        space.shape, space.nvec = (2,), np.array([3, 4])
        self.observation_space, self.action_space = space, space if act else Discrete(2)

    def observe(self):
        return np.array([1, 0], np.int8)


class Start:
    """Observations and actions that count from a number other than 0."""

    observation_space, action_space = Discrete(5, start=10), Discrete(2, start=10)

    def reset(self, seed=None):
        return 10

    def step(self, action):
        return action + 2, 0.0, False, False, {}


class Printing(Walk):
    """Prints from Python and from C, and reads the keyboard."""

    def step(self, action):
        print("a step from Python")
        os.write(1, b"a step from C\n")
        assert sys.stdin.read() == ""
        return super().step(action)


class Failing(Walk):
    def step(self, action):
        if self.t == 2:
            raise ValueError("the engine stalled")
        return super().step(action)


class WrongShape(Walk):
    def observe(self):
        return np.zeros(2 if self.t == 0 else 3)


class Bad(Walk):
    """Not finite, though everything else is right."""

    def step(self, action):
        return self.observe(), float("nan"), False, False, {}


class Exiting(Walk):
    def step(self, action):
        sys.exit("gave up")


class Crashing(Walk):
    def step(self, action):
        os.kill(os.getpid(), 11)


class Hanging(Walk):
    """Has a helper of its own, and neither ever ends."""

    def __init__(self):
        super().__init__()
        self.helper = subprocess.Popen(["sleep", "300"])

    def step(self, action):
        open(os.environ["HANGING"], "w").close()
        time.sleep(300)


class Unseeded(Walk):
    def reset(self):
        return super().reset(seed=1)


def factory(size):
    """A function, with a parameter that has no default."""
    return SimpleNamespace(
        observation_space=Box(0.0, 1.0, (size,)),
        action_space=Discrete(2),
        reset=lambda seed=None: np.zeros(size, np.float32),
        step=lambda action: (np.ones(size, np.float32), 0.0, False, False, {}),
    )


NOT_AN_ENVIRONMENT = dict
