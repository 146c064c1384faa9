"""Transition tables of Gymnasium 1.3.0's toy_text environments, as Gymnasium itself builds them.

usage: PYTHONPATH=GYMNASIUM:STUBS python3 toy_text.py > /dev/null    (writes toy_text.npz beside this file; made with NumPy 1.24.2)
Each environment is one group of arrays NAME.state, .action, .next_state, .probability, .reward, .terminal, .start (and .mask).
Outcomes of one action that agree in all but the probability are added up.
"""
import pathlib

import numpy as np
from gymnasium.envs.toy_text.cliffwalking import CliffWalkingEnv
from gymnasium.envs.toy_text.frozen_lake import FrozenLakeEnv
from gymnasium.envs.toy_text.taxi import TaxiEnv

environments = {
    "frozen4": FrozenLakeEnv(map_name="4x4"),
    "frozen8": FrozenLakeEnv(map_name="8x8"),
    "frozen4_firm": FrozenLakeEnv(map_name="4x4", is_slippery=False),
    "frozen8_half": FrozenLakeEnv(map_name="8x8", success_rate=0.5),
    "cliff": CliffWalkingEnv(),
    "cliff_slippery": CliffWalkingEnv(is_slippery=True),
    "taxi": TaxiEnv(),
    "taxi_rainy": TaxiEnv(is_rainy=True),
    "taxi_rainy_half": TaxiEnv(is_rainy=True, rainy_probability=0.5),
}
arrays = {}
for name, environment in environments.items():
    rows = []
    for state, actions in environment.P.items():
        for action, outcomes in actions.items():
            merged = {}
            for probability, following, reward, terminal in outcomes:
                key = (int(following), float(reward), bool(terminal))
                merged[key] = merged.get(key, 0.0) + probability
            rows += [(state, action, k[0], p, k[1], k[2]) for k, p in sorted(merged.items())]
    columns = list(zip(*rows))
    arrays[f"{name}.state"] = np.array(columns[0], np.int16)
    arrays[f"{name}.action"] = np.array(columns[1], np.int8)
    arrays[f"{name}.next_state"] = np.array(columns[2], np.int16)
    arrays[f"{name}.probability"] = np.array(columns[3])
    arrays[f"{name}.reward"] = np.array(columns[4], np.float32)
    arrays[f"{name}.terminal"] = np.array(columns[5])
    arrays[f"{name}.start"] = environment.initial_state_distrib
    if hasattr(environment, "action_mask"):
        arrays[f"{name}.mask"] = np.array([environment.action_mask(s) for s in range(500)], np.int8)
np.savez_compressed(pathlib.Path(__file__).with_name("toy_text.npz"), **arrays)
