"""Numbers that tests/Train/WorldModels/Planning compares with. Writes planning.json beside itself.

    apt-get install python3-torch && /usr/bin/python3 tests/golden/planning/planning.py

Gradient planning by PyTorch's autograd and its Adam: x' = tanh(A x + B u), reward -(x'^2 summed + u^2 / 10), going on with probability sigmoid(x'_0).
"""
import json
import os

import torch

torch.set_default_dtype(torch.float64)
noise = torch.Generator().manual_seed(5)
A, B = torch.randn(2, 2, generator=noise), torch.randn(2, 1, generator=noise)
x0 = torch.randn(2, generator=noise)
start = torch.tensor([[0.5], [-0.25], [0.1]])
HORIZON, STEPS, RATE, DISCOUNT = 3, 6, 0.03, 0.9


def worth(plan):
    x, alive, total = x0, torch.tensor(1.0), torch.tensor(0.0)
    for t in range(HORIZON):
        x = torch.tanh(A @ x + B @ plan[t])
        total = total + DISCOUNT ** t * alive * -(x.square().sum() + 0.1 * plan[t].square().sum())
        alive = alive * torch.sigmoid(x[0])
    return total


# Actions in [-2, 2], so a unit is half an action.
units = (start / 2).clone().requires_grad_()
adam = torch.optim.Adam([units], lr=RATE)
returns = [worth(2 * units).item()]
for i in range(STEPS):
    adam.param_groups[0]["lr"] = RATE * (1 - i / STEPS)
    adam.zero_grad()
    (-worth(2 * units)).backward()
    adam.step()
    with torch.no_grad():
        units.clamp_(-1, 1)
    returns.append(worth(2 * units).item())

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "planning.json"), "w") as f:
    json.dump({"gradient": {"a": A.tolist(), "b": B.tolist(), "x": x0.tolist(), "start": start.tolist(),
                            "steps": STEPS, "rate": RATE, "discount": DISCOUNT, "plan": (2 * units).tolist(), "returns": returns}}, f, indent=1)
print(returns)
