"""Serves a Python environment to OfflineRL over standard input and output: see ingest/Environments/External/PROTOCOL.md.

OfflineRL starts this file itself for `gymnasium:NAME`, where NAME is
  - an id that gymnasium (or gym) knows, such as CartPole-v1 or my_package:MyEnvironment-v0;
  - package.module:ClassOrFactory, or path/to/file.py:ClassOrFactory: an environment of your own, not registered anywhere.
It needs Python 3.8 or newer, NumPy, and what the environment itself imports. Parameters become keyword arguments.

What an environment has:
  reset(seed=None) -> observation, or (observation, info); without a seed it goes on from its own random state
  step(action) -> (observation, reward, terminated, truncated, info), or gym's older (observation, reward, done, info)
  observation_space, action_space: gymnasium's, gym's, or the Box and Discrete below
  and, if it likes: max_episode_steps, close(), render(), info["action_mask"] or action_masks()
"""

import difflib
import faulthandler
import importlib
import importlib.util
import inspect
import json
import math
import os
import select
import signal
import struct
import sys
import threading
import time
import traceback

VERSION = 1
HELLO, READY, RESET, STARTED, STEP, STEPPED, RENDER, FRAME, CLOSE, ERROR = 1, 2, 3, 4, 5, 6, 7, 8, 9, 15
HEADER = struct.Struct("<2sBBI")
MOST_ERROR_BYTES = 60_000


class Problem(Exception):
    """Something that the user can mend; the text says how."""


class Box:
    """Arrays between two bounds, for environments that do without gymnasium: Box([-1, -1], [1, 1]), Box(0, 255, (84, 84, 4), "uint8")."""

    def __init__(self, low, high, shape=None, dtype="float32"):
        self.dtype = np.dtype(dtype)
        self.shape = tuple(shape) if shape is not None else np.broadcast(low, high).shape
        self.low, self.high = (np.broadcast_to(np.asarray(b, np.float64), self.shape) for b in (low, high))


class Discrete:
    """The whole numbers start .. start + n - 1."""

    def __init__(self, n, start=0):
        self.n, self.start = int(n), int(start)


class DiscreteRows:
    """Discrete observations as rows of one number, counted from 0."""

    def __init__(self, space):
        self.start, self.shape, self.dtype = int(getattr(space, "start", 0)), (1,), np.dtype(np.float32)
        self.json = {"type": "discrete", "count": int(space.n)}

    def write(self, observation, row):
        row[0] = int(observation) - self.start


class BoxRows:
    """Box observations: uint8 as bytes, every other type as float32."""

    def __init__(self, low, high, shape, dtype):
        self.given, self.shape, self.dtype = tuple(shape), tuple(shape) or (1,), np.dtype(np.uint8 if dtype == np.uint8 else np.float32)
        self.is_bytes, self.json = self.dtype == np.uint8, box_json(low, high, self.shape, self.dtype)

    def write(self, observation, row):
        if type(observation) is not np.ndarray:
            observation = np.asarray(observation)
        if observation.shape != self.given:
            raise Problem(f"the environment gave an observation of shape {observation.shape}; its observation_space says {self.given}.")
        if self.is_bytes and observation.dtype != np.uint8 and (observation.min() < 0 or observation.max() > 255):
            raise Problem(f"the environment gave an observation with numbers from {observation.min()} to {observation.max()}; its observation_space is of uint8.")
        row[...] = observation


class JoinedRows:
    """A Dict (keys in ordinal order) or Tuple of boxes, one behind the other as one vector of float32."""

    def __init__(self, parts):
        self.parts = parts
        sizes = [int(np.prod(rows.shape)) for _, rows in parts]
        self.ends, self.shape, self.dtype = np.cumsum(sizes), (sum(sizes),), np.dtype(np.float32)
        bounds = [[number for _, rows in parts for number in spread(rows.json[key])] for key in ("low", "high")]
        self.json = box_json(*bounds, self.shape, self.dtype)

    def write(self, observation, row):
        first = 0
        for (key, rows), end in zip(self.parts, self.ends):
            rows.write(observation[key], row[first:end].reshape(rows.shape))
            first = end


def box_json(low, high, shape, dtype):
    bounds = [[float(v) for v in np.broadcast_to(np.asarray(b, np.float64), shape).ravel()] if np.size(b) == 1 else [float(v) for v in np.asarray(b).ravel()] for b in (low, high)]
    return {"type": "box", "shape": list(shape), "low": gather(bounds[0]), "high": gather(bounds[1]), "element_type": dtype.name}


def gather(numbers):
    texts = [n if math.isfinite(n) else "Infinity" if n > 0 else "-Infinity" for n in numbers]
    return {"value": texts[0], "count": len(texts)} if len(texts) > 8 and len(set(texts)) == 1 else texts


def spread(bounds):
    return [float(v) for v in ([bounds["value"]] * bounds["count"] if isinstance(bounds, dict) else bounds)]


def kind_of(space):
    """By the name of the class, so that gymnasium's, gym's and our own spaces are one."""
    return next((c.__name__ for c in type(space).__mro__ if c.__name__ in ("Box", "Discrete", "MultiBinary", "MultiDiscrete", "Dict", "Tuple")), type(space).__name__)


def observation_rows(space, name="observation_space"):
    kind = kind_of(space)
    if kind == "Discrete":
        return DiscreteRows(space)
    if kind == "Box":
        return BoxRows(space.low, space.high, space.shape, space.dtype)
    if kind == "MultiBinary":
        return BoxRows(0, 1, space.shape, np.dtype(np.float32))
    if kind == "MultiDiscrete":
        start = np.asarray(getattr(space, "start", 0))
        return BoxRows(np.zeros(space.shape) + start, start + space.nvec - 1, space.shape, np.dtype(np.float32))
    if kind in ("Dict", "Tuple"):
        spaces = space.spaces
        parts = [(k, spaces[k]) for k in sorted(spaces)] if kind == "Dict" else list(enumerate(spaces))
        rows = [(k, observation_rows(s, f"{name}[{k!r}]")) for k, s in parts]
        single = next((k for k, r in rows if isinstance(r, DiscreteRows)), None)
        if single is not None:
            raise Problem(f"{name}[{single!r}] is Discrete within a {kind}; boxes alone can be joined. Wrap the environment so that it gives one box (a one-hot vector, for example).")
        return JoinedRows(rows)
    raise Problem(f"{name} is a {kind}; Box, Discrete, MultiBinary, MultiDiscrete, and Dict or Tuple of boxes are served. Wrap the environment so that it gives one of them.")


class DiscreteActions:
    def __init__(self, space):
        self.start, self.count = int(getattr(space, "start", 0)), int(space.n)
        self.json = {"type": "discrete", "count": self.count}
        self.bytes = 4

    def read(self, payload):
        actions = np.frombuffer(payload, "<i4").tolist()
        return [a + self.start for a in actions] if self.start else actions


class BoxActions:
    def __init__(self, space):
        if np.dtype(space.dtype).kind != "f":
            raise Problem(f"action_space is a Box of {np.dtype(space.dtype)}; floating-point actions are served. Wrap the environment so that it takes floats, or Discrete.")
        self.given, self.type = tuple(space.shape), np.dtype(space.dtype)
        shape = self.given or (1,)
        self.json = box_json(space.low, space.high, shape, np.dtype(np.float32))
        self.bytes = 4 * int(np.prod(shape))

    def read(self, payload):
        # A copy, and one array for each instance: an environment may keep what it is given.
        return [row.copy() for row in np.frombuffer(payload, "<f4").astype(self.type).reshape((-1, *self.given))]


def actions_of(space):
    kind = kind_of(space)
    if kind == "Discrete":
        return DiscreteActions(space)
    if kind == "Box":
        return BoxActions(space)
    raise Problem(f"action_space is a {kind}; Discrete and Box of floats are served. Wrap the environment so that it takes one of them.")


class Maker:
    """Finds what a name stands for, and makes it with keyword arguments."""

    def __init__(self, name, parameters, render):
        self.name, self.render_mode, self.limit = name, {}, None
        self.make, self.version, signed, defaults = self.find(name)
        self.known, is_open = self.arguments(signed, defaults)
        takes_mode = "render_mode" in self.known or is_open
        if render and takes_mode:
            self.render_mode = {"render_mode": "rgb_array"}
        self.known.pop("render_mode", None)
        unknown = [p for p in parameters if p not in self.known]
        if unknown and not is_open:
            near = difflib.get_close_matches(unknown[0], self.known, 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise Problem(f"unknown parameter '{unknown[0]}' of {name}.{hint} It takes: {', '.join(sorted(self.known)) or 'none'}.")
        self.set = {p: self.convert(v, self.known.get(p)) for p, v in parameters.items()}
        numeric = {p: float(d) for p, d in self.known.items() if isinstance(d, (bool, int, float)) and math.isfinite(d)}
        self.values = {**numeric, **parameters}

    def find(self, name):
        """(factory, version, what to read the arguments from, further defaults)"""
        head, _, tail = name.rpartition(":")
        if tail.endswith(".py"):
            raise Problem(f"'{name}' names a file alone; write {name}:Class, or {name}:function for one that returns an environment.")
        if head.endswith(".py"):
            return self.attribute(load_file(head), tail, head)
        if head:
            module = self.module(head)
            if hasattr(module, tail):
                return self.attribute(module, tail, head)
        return self.registered(name)

    @staticmethod
    def module(name):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as missing:
            if missing.name is None or not (name + ".").startswith(missing.name + "."):
                raise
            raise Problem(f"there is no module '{missing.name}' in {os.getcwd()}, nor where {sys.executable} looks (PYTHONPATH names further folders).") from None

    @staticmethod
    def attribute(module, tail, head):
        if not hasattr(module, tail):
            names = [n for n, v in vars(module).items() if callable(v) and getattr(v, "__module__", None) == module.__name__]
            raise Problem(f"{head} has no '{tail}'; it has: {', '.join(names) or 'nothing that can be called'}.")
        factory = getattr(module, tail)
        return factory, str(getattr(module, "__version__", "")), factory, {}

    def registered(self, name):
        try:
            import gymnasium as gym
        except ImportError as missing:
            if missing.name != "gymnasium":
                raise
            try:
                import gym
            except ImportError:
                raise Problem(
                    f"'{name}' would be made by gymnasium, which {sys.executable} does not have. Run '{sys.executable} -m pip install gymnasium', name another interpreter with "
                    "OFFLINERL_PYTHON, or write package.module:Class or FILE.py:Class for an environment of your own."
                ) from None
        head, _, rest = name.rpartition(":")
        if head:
            self.module(head)
        try:
            spec = gym.spec(rest)
        except gym.error.Error as e:
            raise Problem(f"{gym.__name__} {gym.__version__} makes no '{rest}': {e}") from None
        entry = spec.entry_point
        if isinstance(entry, str):
            module, _, attribute = entry.partition(":")
            entry = getattr(importlib.import_module(module), attribute)
        self.limit = {"max_episode_steps": None}
        # The checker looks at the first step alone, on what is checked here and by the host at every one.
        quiet = {"disable_env_checker": True} if "disable_env_checker" in inspect.signature(gym.make).parameters else {}
        return (lambda **arguments: gym.make(rest, **quiet, **arguments)), f"{gym.__name__} {gym.__version__}", entry, dict(spec.kwargs or {})

    def arguments(self, signed, defaults):
        try:
            parameters = list(inspect.signature(signed).parameters.values())
        except (TypeError, ValueError):
            return {}, True
        known = {p.name: None if p.default is p.empty else p.default for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        known = {**known, **defaults, **(self.limit or {})}
        return known, any(p.kind == p.VAR_KEYWORD for p in parameters)

    @staticmethod
    def convert(value, default):
        """JSON has one kind of number; Python has three."""
        if isinstance(default, bool) and value in (0, 1):
            return bool(value)
        return int(value) if float(value).is_integer() and not isinstance(default, float) else float(value)

    def __call__(self):
        return self.make(**self.set, **self.render_mode)


def load_file(path):
    if not os.path.isfile(path):
        raise Problem(f"the file '{path}' does not exist, seen from {os.getcwd()}.")
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class Instance:
    """One environment under the calls that all the APIs have in common."""

    def __init__(self, environment, limit):
        self.environment, self.limit, self.steps = environment, limit, 0
        for name in ("reset", "step", "observation_space", "action_space"):
            if not hasattr(environment, name):
                raise Problem(f"a {type(environment).__name__} was made, which has no '{name}'; expected an environment with reset, step, observation_space and action_space.")
        self.step_environment = environment.step
        parameters = inspect.signature(environment.reset).parameters
        self.takes_seed = "seed" in parameters or any(p.kind == p.VAR_KEYWORD for p in parameters.values())
        if not self.takes_seed and not hasattr(environment, "seed"):
            raise Problem(f"reset of {type(environment).__name__} takes no seed, so no episode could be made again; write 'def reset(self, seed=None)'.")
        self.render_takes_mode = hasattr(environment, "render") and "mode" in inspect.signature(environment.render).parameters

    def reset(self, *seed):
        """With a seed, or going on from the instance's own random state: (observation, info)."""
        if not seed:
            result = self.environment.reset()
        elif self.takes_seed:
            result = self.environment.reset(seed=seed[0])
        else:
            # Environments of that age hand the seed to generators that take 32 bits.
            self.environment.seed((seed[0] ^ (seed[0] >> 32)) & 0xFFFFFFFF)
            result = self.environment.reset()
        self.steps = 0
        return result if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], dict) else (result, {})

    def step(self, action):
        """(observation, reward, ended, info)"""
        result = self.step_environment(action)
        if len(result) == 5:
            observation, reward, terminated, truncated, info = result
        elif len(result) == 4:
            observation, reward, terminated, info = result
            truncated = bool(info.get("TimeLimit.truncated", False))
            terminated = terminated and not truncated
        else:
            raise Problem(f"step gave {len(result)} values; expected observation, reward, terminated, truncated, info.")
        self.steps += 1
        return observation, float(reward), 1 if terminated else 2 if truncated or self.steps == self.limit else 0, info

    def mask(self, info):
        """A mask, or None where all actions are allowed."""
        if "action_mask" in info:
            return info["action_mask"]
        masks = getattr(getattr(self.environment, "unwrapped", self.environment), "action_masks", None)
        return masks() if callable(masks) else None

    def frame(self):
        picture = self.environment.render(mode="rgb_array") if self.render_takes_mode else self.environment.render()
        picture = np.asarray(picture)
        if picture.ndim != 3 or picture.shape[2] not in (3, 4):
            raise Problem(f"render gave an array of shape {picture.shape}; expected [height, width, 3].")
        return np.ascontiguousarray(picture[:, :, :3], np.uint8)


class Batch:
    """B instances and the buffers of their frames."""

    def __init__(self, hello):
        maker = Maker(hello["environment"], hello["parameters"], hello["render"])
        count = self.count = hello["batch"]
        first = maker()
        spec = getattr(first, "spec", None)
        registered = getattr(spec, "max_episode_steps", None)
        own = getattr(first, "max_episode_steps", None) if registered is None else None
        self.instances = [Instance(first, own)] + [Instance(maker(), own) for _ in range(count - 1)]
        self.rows, self.actions = observation_rows(first.observation_space), actions_of(first.action_space)
        observation, info = self.instances[0].reset(0)
        self.rows.write(observation, np.empty(self.rows.shape, self.rows.dtype))
        self.masked = isinstance(self.actions, DiscreteActions) and self.instances[0].mask(info) is not None
        width = self.actions.count if self.masked else 0
        size = int(np.prod(self.rows.shape)) * self.rows.dtype.itemsize

        # STEPPED without final observations: one buffer, written in place and sent as it is.
        self.payload = 8 + count * (8 + size + 1 + width)
        self.stepped = bytearray(HEADER.size + self.payload)
        HEADER.pack_into(self.stepped, 0, b"OR", VERSION, STEPPED, self.payload)
        at = HEADER.size + 8
        self.rewards = np.frombuffer(self.stepped, "<f8", count, at)
        self.middle = at + count * (8 + size)
        self.observations = np.frombuffer(self.stepped, self.rows.dtype, count * size // self.rows.dtype.itemsize, at + 8 * count).reshape((count, *self.rows.shape))
        # Taking a row out of an array costs more than writing into it.
        self.each = list(self.observations)
        self.ended = np.frombuffer(self.stepped, np.uint8, count, self.middle)
        self.masks = np.frombuffer(self.stepped, np.uint8, count * width, self.middle + count).reshape((count, width))

        frame = self.first_frame() if hello["render"] else None
        self.ready = {
            "server": "offlinerl_server.py",
            "environment": maker.name,
            "version": maker.version,
            "description": describe(getattr(first, "unwrapped", first)),
            "observation_space": self.rows.json,
            "action_space": self.actions.json,
            "max_episode_steps": registered if registered is not None else own,
            "parameters": maker.values,
            "masks": self.masked,
            "frame": frame and {"width": frame[1], "height": frame[0]},
        }

    def first_frame(self):
        try:
            return self.instances[0].frame().shape
        except Exception as e:  # An environment that cannot be drawn can still be stepped.
            print(f"offlinerl_server.py: it cannot be drawn: {e!r}", file=sys.stderr)
            return None

    def reset(self, payload):
        k = struct.unpack_from("<I", payload)[0]
        seeds = np.frombuffer(payload, "<u8", k, 8).tolist()
        which = np.frombuffer(payload, "<u4", k, 8 + 8 * k).tolist()
        for i, seed in zip(which, seeds):
            self.begin(i, seed)
        return STARTED, self.observations[which].tobytes() + self.masks[which].tobytes()

    def begin(self, i, *seed):
        observation, info = self.instances[i].reset(*seed)
        self.rows.write(observation, self.each[i])
        if self.masked:
            self.write_mask(i, info)

    def step(self, payload):
        """The bytes of the whole frame."""
        rewards, ended, final, write, masked = [], [], [], self.rows.write, self.masked
        for i, (instance, action, row) in enumerate(zip(self.instances, self.actions.read(payload), self.each)):
            observation, reward, end, info = instance.step(action)
            rewards.append(reward)
            ended.append(end)
            write(observation, row)
            if end:
                final.append(row.tobytes())
                self.begin(i)
            elif masked:
                self.write_mask(i, info)
        self.rewards[:], self.ended[:] = rewards, ended
        if not final:
            return self.stepped
        rows = b"".join(final)
        head = HEADER.pack(b"OR", VERSION, STEPPED, self.payload + len(rows)) + struct.pack("<II", len(final), 0)
        return b"".join((head, memoryview(self.stepped)[len(head):self.middle], rows, memoryview(self.stepped)[self.middle:]))

    def write_mask(self, i, info):
        mask = self.instances[i].mask(info)
        self.masks[i] = 1 if mask is None else np.asarray(mask, np.bool_)

    def render(self, payload):
        picture = self.instances[struct.unpack("<I", payload)[0]].frame()
        return FRAME, struct.pack("<II", picture.shape[1], picture.shape[0]) + picture.tobytes()

    def close(self):
        for instance in self.instances:
            getattr(instance.environment, "close", lambda: None)()


def describe(environment):
    """The first line of the documentation that is no heading."""
    lines = (inspect.getdoc(type(environment)) or "").splitlines()
    return next((line.strip() for line in lines if line.strip() and not line.lstrip().startswith(("#", "="))), "")


class Pipe:
    """Frames over two descriptors that nobody else has."""

    def __init__(self):
        self.input, self.output = os.dup(0), os.dup(1)
        # What the environment prints belongs to standard error, and it has no keyboard.
        os.dup2(2, 1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        self.buffer = bytearray(1 << 16)

    def read(self):
        """(type, payload until the next call); (CLOSE, b"") at the end of the input."""
        have, need = 0, HEADER.size
        while have < need:
            count = os.readv(self.input, [memoryview(self.buffer)[have:]])
            if count == 0:
                end_group()
            have += count
            if have >= HEADER.size and need == HEADER.size:
                magic, version, kind, length = HEADER.unpack_from(self.buffer)
                if magic != b"OR":
                    raise Problem("something other than OfflineRL writes to the standard input of this server; name gymnasium:ENV_ID as the environment instead of starting it yourself.")
                if version != VERSION:
                    raise Problem(f"this server speaks version {VERSION} of the protocol, the host speaks {version}; take both from one release.")
                need += length
                if need > len(self.buffer):
                    self.buffer.extend(bytes(need - len(self.buffer)))
        return kind, memoryview(self.buffer)[HEADER.size:need]

    def send(self, kind, payload):
        self.write(HEADER.pack(b"OR", VERSION, kind, len(payload)) + payload)

    def write(self, frame):
        sent = os.write(self.output, frame)
        while sent < len(frame):
            sent += os.write(self.output, memoryview(frame)[sent:])


def serve(pipe):
    kind, payload = pipe.read()
    if kind != HELLO:
        raise Problem(f"the first frame has the type {kind}; expected HELLO ({HELLO}).")
    batch = Batch(json.loads(bytes(payload)))
    pipe.send(READY, json.dumps(batch.ready).encode())
    # What a buffer is released from must not be held while it grows.
    del payload
    while True:
        kind, payload = pipe.read()
        if kind == STEP:
            pipe.write(batch.step(payload))
        elif kind == RESET:
            pipe.send(*batch.reset(payload))
        elif kind == RENDER:
            pipe.send(*batch.render(payload))
        elif kind == CLOSE:
            batch.close()
            return
        else:
            raise Problem(f"a frame has the type {kind}, which version {VERSION} of the protocol does not have.")
        payload.release()


def watch(descriptor):
    """Ends the process with all that it started when the host is gone, also in the middle of a step."""
    poll = select.poll()
    poll.register(descriptor, 0)
    poll.poll()
    time.sleep(1)
    end_group()


def end_group():
    """The host is gone: nobody is left to ask, and nobody else would end what the environment started."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def last_line(error):
    """The kind of the error, its text, and the line that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})" if frames else ""
    return "".join(traceback.format_exception_only(type(error), error)).strip() + where


def main():
    pipe = Pipe()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    try:
        os.setpgid(0, 0)
    except OSError:
        pass
    threading.Thread(target=watch, args=(pipe.input,), daemon=True).start()
    # An environment's file may import Box and Discrete from here, and modules lie where the user is.
    sys.modules["offlinerl_server"] = sys.modules["__main__"]
    sys.path.insert(0, os.getcwd())
    try:
        if np is None:
            raise Problem(f"{sys.executable} has no NumPy. Run '{sys.executable} -m pip install numpy', or name another interpreter with OFFLINERL_PYTHON.")
        serve(pipe)
    except BaseException as error:
        if not isinstance(error, Problem):
            traceback.print_exc()
        text = str(error) if isinstance(error, Problem) else last_line(error)
        pipe.send(ERROR, text.encode("utf-8", "replace")[:MOST_ERROR_BYTES])
        sys.stderr.flush()
        os._exit(1)


try:
    import numpy as np
except ImportError:
    np = None

if __name__ == "__main__":
    main()
