"""Numbers that tests/Train/WorldModels/MixtureMemoryTests.cs compares with. Writes lstm.json beside itself.

    apt-get install python3-torch && /usr/bin/python3 tests/golden/planning/lstm.py

torch.nn.LSTM, whose second bias is 0, over sequences of which one begins anew in the middle.
"""
import json
import os

import torch

torch.manual_seed(4)
T, B, INPUTS, UNITS = 5, 2, 3, 4
lstm = torch.nn.LSTM(INPUTS, UNITS)
with torch.no_grad():
    lstm.bias_hh_l0.zero_()
x = torch.randn(T, B, INPUTS)
resets = [[True, True], [False, False], [False, True], [False, False], [False, False]]
state = (torch.zeros(1, B, UNITS), torch.zeros(1, B, UNITS))
rows = []
for t in range(T):
    keep = torch.tensor([[[0.0 if r else 1.0] for r in resets[t]]])
    _, state = lstm(x[t:t + 1], (state[0] * keep, state[1] * keep))
    rows.append(torch.cat([state[0][0], state[1][0]], -1))
out = torch.stack(rows)
weights = torch.randn(out.shape)
(out * weights).sum().backward()
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "lstm.json"), "w") as f:
    json.dump({"lstm": {"input": lstm.weight_ih_l0.tolist(), "recurrent": lstm.weight_hh_l0.tolist(), "bias": lstm.bias_ih_l0.tolist(), "x": x.tolist(), "resets": resets,
                        "memory": out.tolist(), "weights": weights.tolist(), "recurrent_gradient": lstm.weight_hh_l0.grad.tolist()}}, f)
