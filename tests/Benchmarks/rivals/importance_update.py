"""Importance-sampled policy-gradient updates a second as they are written with PyTorch: 256 episodes of 200 steps in padded arrays [E, T], 4 observations,
2 actions, two networks of 2 x 64 ReLU (policy and values), per-decision weights clipped at 10 from logged log-probabilities, returns to go with discount 0.99,
a value baseline, gradient norms limited to 10, Adam; one thread. Prints "update RATE". usage: importance_update.py [seconds]
"""
import statistics
import sys
import time

import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(0)
seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
episodes, steps, gamma, clip = 256, 200, 0.99, 10.0
observations = torch.randn(episodes, steps, 4)
actions = torch.randint(2, (episodes, steps))
rewards = torch.rand(episodes, steps)
behavior = torch.full((episodes, steps), 0.5).log()


def network(outputs):
    return nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, outputs))


policy, value = network(2), network(1)
policy_optimizer, value_optimizer = torch.optim.Adam(policy.parameters(), 3e-4), torch.optim.Adam(value.parameters(), 3e-4)


def update():
    logs = policy(observations).log_softmax(-1).gather(-1, actions.unsqueeze(-1)).squeeze(-1)
    values = value(observations).squeeze(-1)
    with torch.no_grad():
        weights = (logs - behavior).cumsum(1).exp().clamp(max=clip)
        returns = torch.empty_like(rewards)
        later = torch.zeros(episodes)
        for t in reversed(range(steps)):
            later = rewards[:, t] + gamma * later
            returns[:, t] = later
        advantages = returns - values
        coefficients = weights * advantages / advantages.square().mean().sqrt()
    policy_optimizer.zero_grad()
    (-(coefficients * logs).mean()).backward()
    nn.utils.clip_grad_norm_(policy.parameters(), 10)
    policy_optimizer.step()
    value_optimizer.zero_grad()
    (returns - values).square().mean().backward()
    nn.utils.clip_grad_norm_(value.parameters(), 10)
    value_optimizer.step()


update()
rates = []
for window in range(5):
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        update()
        count += 1
    rates.append(count / (time.perf_counter() - start))
print(f"update {statistics.median(rates)}")
