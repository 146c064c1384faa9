"""Games of MinAtar's own program (1.0.15), played on the draws of this project's random stream.

Writes GAME.json beside this file.  PYTHONPATH=<MinAtar's checkout> python3 tests/golden/pixels/games.py [GAME ...]
Needs NumPy and MinAtar (github.com/kenjyoung/MinAtar). MinAtar's generator is replaced by xoshiro256++ as
RandomStream.Create(seed, "environment") has it, so that both programs decide alike wherever the rules draw alike.

A file holds runs. A run has the environment's id, a seed, the actions (one digit a step; episodes follow each other), the
events ([step, reward, 1 if terminated], where either is not 0), and a hash for each WINDOW steps: the first 16 digits of
SHA-256 over the frames, each n x 10 x 10 bytes of 0 or 1: the first frame of an episode, then one frame a step.
Some runs act at random; others look ahead with a copy of the game (its generator included), so that they see what a
random player hardly ever does: cleared waves, full submarines, high difficulty.
"""

import copy
import hashlib
import importlib
import json
import logging
import pathlib
import sys

import numpy as np

logging.disable(logging.WARNING)
from minatar import Environment  # noqa: E402

MASK = (1 << 64) - 1
WINDOW = 50


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class Stream:
    """xoshiro256++ behind the members of numpy.random.RandomState that MinAtar calls."""

    def __init__(self, seed, name):
        key = hashlib.sha256(seed.to_bytes(8, "little") + bytes(9) + name.encode()).digest()
        high, low = (int.from_bytes(key[i:i + 8], "little") for i in (0, 8))
        self.s, state = [], low
        for i in range(4):
            if i == 2:
                state ^= high
            state = (state + 0x9E3779B97F4A7C15) & MASK
            self.s.append(mix(state))

    def next(self):
        s = self.s
        total = (s[0] + s[3]) & MASK
        result = (((total << 23) | (total >> 41)) + s[0]) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = ((s[3] << 45) | (s[3] >> 19)) & MASK
        return result

    def rand(self, count=None):
        if count is not None:
            return np.array([self.rand() for _ in range(count)])
        return (self.next() >> 11) * 2.0 ** -53

    def below(self, bound):
        product = self.next() * bound
        if product & MASK < bound:
            threshold = (1 << 64) % bound
            while product & MASK < threshold:
                product = self.next() * bound
        return product >> 64

    def randint(self, low, high=None, size=None):
        low, high = (0, low) if high is None else (low, high)
        if size is not None:
            return np.array([self.randint(low, high) for _ in range(size)])
        return low + self.below(high - low)

    def __deepcopy__(self, memo):
        other = object.__new__(Stream)
        other.s = list(self.s)
        return other


def start(game, seed, sticky, ramping, constants):
    module = importlib.import_module(f"minatar.environments.{game}")
    for name, value in constants.items():
        assert hasattr(module, name), name
        setattr(module, name, value)
    environment = Environment(game, sticky, ramping)
    environment.random = environment.env.random = Stream(seed, "environment")
    environment.reset()
    return environment


def frame(environment):
    return np.ascontiguousarray(environment.state().transpose(2, 0, 1)).astype(np.uint8).tobytes()


def looks(environment, game):
    """How good a state looks beside the rewards so far."""
    inner = environment.env
    if game == "breakout":
        return -abs(inner.pos - inner.ball_x)
    if game == "freeway":
        return -inner.pos
    if game == "seaquest":
        # Fetch divers, breathe when it is time or all six are there.
        goes_up = inner.oxygen < 70 or inner.diver_count == 6
        near = min((abs(d[0] - inner.sub_x) + abs(d[1] - inner.sub_y) for d in inner.divers), default=8)
        return 3 * inner.diver_count + 2.5 * inner.ramp_index - (inner.sub_y if goes_up and inner.diver_count > 0 else 0.3 * near)
    return 0


def shoot(environment, game, choices, rest):
    """The best of some random sequences of actions and of what is left of the last one, tried on copies of the game."""
    best, best_value = None, -1e9
    for k in range(150 if game == "breakout" else 16):
        trial, sequence, value, favorite = copy.deepcopy(environment), [], 0.0, choices.below(6)
        for t in range(12 if game in ("asterix", "space_invaders") else 24):
            if k == 0 and t < len(rest):
                action = rest[t]
            elif choices.below(3) > 0:
                action = favorite
            else:
                action = 2 if game == "freeway" and choices.below(2) == 0 else choices.below(6)
            sequence.append(action)
            reward, ended = trial.act(action)
            value += reward
            if ended:
                value += t - 100
                break
        value += 0 if trial.env.terminal else looks(trial, game)
        if value > best_value:
            best, best_value = sequence, value
    return best


def play(game, id, seed, steps, skilled, sticky=0.1, ramping=True, **constants):
    saved = {name: getattr(importlib.import_module(f"minatar.environments.{game}"), name) for name in constants}
    environment = start(game, seed, sticky, ramping, constants)
    choices = Stream(seed, "actions")
    actions, events, hashes, plan, rest = [], [], [], [], []
    window = hashlib.sha256(frame(environment))
    for t in range(steps):
        if not plan:
            plan = shoot(environment, game, choices, rest) if skilled else [choices.below(6)]
            plan, rest = plan[:6], plan[6:]
        action = plan.pop(0)
        reward, ended = environment.act(action)
        actions.append(str(action))
        if reward or ended:
            events.append([t, int(reward), int(ended)])
        window.update(frame(environment))
        if ended:
            environment.reset()
            plan, rest = [], []
            environment.last_action = 0  # Ours begins each episode so; MinAtar carries it over.
            window.update(frame(environment))
        if (t + 1) % WINDOW == 0:
            hashes.append(window.hexdigest()[:16])
            window = hashlib.sha256()
    start(game, seed, sticky, ramping, saved)
    print(f"{id} seed {seed} {'skilled' if skilled else 'random'}: {len(events)} events, "
          f"{sum(e[1] for e in events)} reward, {sum(e[2] for e in events)} ends, ramp {environment.env.difficulty_ramp()}")
    return {"id": id, "seed": seed, "actions": "".join(actions), "events": events, "hashes": hashes}


RUNS = {
    "breakout": [
        ("Breakout-MinAtar-v1", 1, 4000, False, {}),
        ("Breakout-MinAtar-v1", 2, 4000, True, {}),
        ("Breakout-MinAtar-v1?sticky=0.5", 3, 2000, False, {"sticky": 0.5}),
    ],
    "asterix": [
        ("Asterix-MinAtar-v1", 1, 4000, False, {}),
        ("Asterix-MinAtar-v1", 2, 6000, True, {}),
        ("Asterix-MinAtar-v1?ramping=0&sticky=0", 3, 2000, True, {"sticky": 0, "ramping": False}),
        ("Asterix-MinAtar-v1?spawn_interval=4&move_interval=2", 4, 2000, True, {"init_spawn_speed": 4, "init_move_interval": 2}),
    ],
    "freeway": [
        ("Freeway-MinAtar-v1", 1, 6000, False, {}),
        ("Freeway-MinAtar-v1", 2, 6000, True, {}),
        ("Freeway-MinAtar-v1?player_interval=1", 3, 3000, True, {"player_speed": 1}),
    ],
    "seaquest": [
        ("Seaquest-MinAtar-v1", 1, 4000, False, {}),
        ("Seaquest-MinAtar-v1", 2, 8000, True, {}),
        ("Seaquest-MinAtar-v1?ramping=0&sticky=0", 3, 2000, True, {"sticky": 0, "ramping": False}),
        ("Seaquest-MinAtar-v1?spawn_interval=2&move_interval=3&diver_interval=5&oxygen=120&shot_interval=4", 4, 3000, True,
         {"init_spawn_speed": 2, "init_move_interval": 3, "diver_spawn_speed": 5, "max_oxygen": 120, "enemy_shot_interval": 4}),
    ],
    "space_invaders": [
        ("SpaceInvaders-MinAtar-v1", 1, 4000, False, {}),
        ("SpaceInvaders-MinAtar-v1", 2, 4000, True, {}),
        ("SpaceInvaders-MinAtar-v1?ramping=0&sticky=0.25", 3, 2000, True, {"sticky": 0.25, "ramping": False}),
        ("SpaceInvaders-MinAtar-v1?move_interval=8&shot_interval=5", 4, 2000, True, {"enemy_move_interval": 8, "enemy_shot_interval": 5}),
    ],
}


if __name__ == "__main__":
    folder = pathlib.Path(__file__).parent
    for game in sys.argv[1:] or RUNS:
        runs = [play(game, id, seed, steps, skilled, **settings) for id, seed, steps, skilled, settings in RUNS[game]]
        lines = ",\n".join(json.dumps(run, separators=(",", ":")) for run in runs)
        (folder / f"{game}.json").write_text(f"[\n{lines}\n]\n")
