"""Gradient steps a second of the world model as it is written with PyTorch: q(z|s) and p(s|z) of 2 x 256 ReLU, transition p(z'|z, a), reward and continuation of 2 x 200 ReLU, Gaussian heads whose ln sigma lies
softly between -5 and 2, a decoder of running deviations, a KL weight, gradient norms up to 100, Adam; 6 observations, 2 actions, 12 latents, batches drawn from 100,000 stored transitions. Members: batched products.
Images: 10 x 10 x 4, 16 filters of 3 x 3, 128 ReLU, 32 latents, Bernoulli likelihood. Dreams: BATCH rows by 15 steps, a policy of 2 x 128 ReLU over 2 actions; of members, each row follows one drawn anew at each step.
Prints "CASE RATE", the best of four windows. usage: world_model_steps.py state|dynamics|members|images|dreams|member_dreams BATCH [threads] [seconds]
"""
import math
import os
import sys
import time

case = sys.argv[1]
B = int(sys.argv[2])
threads = sys.argv[3] if len(sys.argv) > 3 else "1"
if os.environ.get("OPENBLAS_NUM_THREADS") != threads:
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = threads
    os.execv(sys.executable, [sys.executable, *sys.argv])

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(int(threads))
torch.manual_seed(0)
seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 0.25
D, A, Z, N = 6, 2, 12, 100_000
states, nexts, actions = torch.randn(N, D), torch.randn(N, D), torch.randn(N, A)
rewards, continues = torch.randn(N), (torch.rand(N) > 0.01).float()
frames, next_frames = (torch.rand(2, 20_000, 4, 10, 10) > 0.9).to(torch.uint8)
low, high, half_log = -5.0, 2.0, 0.5 * math.log(2 * math.pi)


def dense(*widths):
    layers = []
    for i in range(len(widths) - 1):
        layers += [nn.Linear(widths[i], widths[i + 1]), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def limited(x):
    return torch.tanh((x - (low + high) / 2) / ((high - low) / 2)) * ((high - low) / 2) + (low + high) / 2


def gaussian(x, mean, log):
    return (-0.5 * ((x - mean) * (-log).exp()).square() - log - half_log).sum(-1)


class Members(nn.Module):
    def __init__(self, count, *widths):
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter((torch.rand(count, i, o) * 2 - 1) / math.sqrt(i)) for i, o in zip(widths, widths[1:])])
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(count, 1, o)) for o in widths[1:]])
        self.count = count

    def forward(self, x):
        x = x.unsqueeze(0).expand(self.count, *x.shape)
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            x = torch.baddbmm(b, x, w)
            x = x.relu() if i + 1 < len(self.weights) else x
        return x


class Images(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Conv2d(4, 16, 3), nn.ReLU(), nn.Flatten(), dense(1024, 128, 64))
        self.decode = nn.Sequential(dense(32, 128, 1024), nn.ReLU(), nn.Unflatten(1, (16, 8, 8)), nn.ConvTranspose2d(16, 4, 3))


def optimize(loss, modules, optimizer):
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_([p for m in modules for p in m.parameters()], 100)
    optimizer.step()


def rate(step):
    for _ in range(20):
        step()
    rates = []
    for _ in range(4):
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            step()
            count += 1
        rates.append(count / (time.perf_counter() - start))
    return max(rates)


encoder, decoder = dense(D, 256, 256, 2 * Z), dense(Z, 256, 256, D)
variance = torch.ones(D)
state_optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 1e-3)


def state_step():
    global variance
    rows = torch.randint(N, (B,))
    s = torch.cat([states[rows[:B // 2]], nexts[rows[B // 2:]]])
    mean, log = encoder(s).chunk(2, -1)
    log = limited(log)
    decoded = decoder(mean + torch.randn_like(mean) * log.exp())
    with torch.no_grad():
        variance = variance * 0.95 + 0.05 * (s - decoded).square().mean(0)
    kl = (0.5 * (mean.square() + (2 * log).exp() - 1) - log).sum(-1)
    optimize((kl - gaussian(s, decoded, 0.5 * variance.log())).mean(), [encoder, decoder], state_optimizer)


def dynamics_step(members):
    transition = dense(Z + A, 200, 200, 2 * Z) if members == 1 else Members(members, Z + A, 200, 200, 2 * Z)
    head, going = dense(Z, 200, 200, 2), dense(Z, 200, 200, 1)
    optimizer = torch.optim.Adam([*transition.parameters(), *head.parameters(), *going.parameters()], 1e-3)

    def step():
        rows = torch.randint(N, (B,))
        with torch.no_grad():
            mean, log = encoder(torch.cat([states[rows], nexts[rows]])).chunk(2, -1)
            z, z_next = (mean + torch.randn_like(mean) * limited(log).exp()).chunk(2)
        delta, log = transition(torch.cat([z, actions[rows]], -1)).chunk(2, -1)
        likelihood = gaussian(z_next, z + delta, limited(log))
        reward, reward_log = head(z_next).unbind(-1)
        reward_log, logit = limited(reward_log), going(z_next).squeeze(-1)
        likelihood = likelihood.mean() + (-0.5 * ((rewards[rows] - reward) * (-reward_log).exp()).square() - reward_log - half_log).mean()
        optimize(-likelihood + F.binary_cross_entropy_with_logits(logit, continues[rows]), [transition, head, going], optimizer)

    return step


def dreaming(members):
    transition = dense(Z + A, 200, 200, 2 * Z) if members == 1 else Members(members, Z + A, 200, 200, 2 * Z)
    head, going, policy = dense(Z, 200, 200, 2), dense(Z, 200, 200, 1), dense(Z, 128, 128, A)
    starts = torch.randn(B, Z)

    @torch.no_grad()
    def dream():
        latents, actions, rewards, continues, disagreements = [starts], [], [], [], []
        for _ in range(15):
            z = latents[-1]
            action = torch.distributions.Categorical(logits=policy(z), validate_args=False).sample()
            delta, log = transition(torch.cat([z, F.one_hot(action, A).float()], -1)).chunk(2, -1)
            mean, log = z + delta, limited(log)
            if members > 1:
                disagreements.append(mean.var(0, unbiased=False).mean(-1).sqrt())
                chosen = torch.randint(members, (1, B, 1)).expand(1, B, Z)
                mean, log = mean.gather(0, chosen)[0], log.gather(0, chosen)[0]
            z = mean + torch.randn_like(mean) * log.exp()
            reward, reward_log = head(z).unbind(-1)
            latents.append(z)
            actions.append(action)
            rewards.append((reward, limited(reward_log).exp()))
            continues.append(0.99 * torch.sigmoid(going(z).squeeze(-1)))
        return torch.stack(latents), torch.stack(actions), torch.stack([r for r, _ in rewards]), torch.stack(continues), disagreements and torch.stack(disagreements)

    return dream


images = Images()
image_optimizer = torch.optim.Adam(images.parameters(), 1e-3)


def image_step():
    rows = torch.randint(20_000, (B,))
    s = torch.cat([frames[rows[:B // 2]], next_frames[rows[B // 2:]]]).float()
    mean, log = images.encode(s).chunk(2, -1)
    log = limited(log)
    decoded = images.decode(mean + torch.randn_like(mean) * log.exp())
    kl = (0.5 * (mean.square() + (2 * log).exp() - 1) - log).sum(-1)
    loss = F.binary_cross_entropy_with_logits(decoded, s, reduction="none").sum((1, 2, 3))
    optimize((kl + loss).mean(), [images], image_optimizer)


steps = {"state": lambda: state_step, "dynamics": lambda: dynamics_step(1), "members": lambda: dynamics_step(5), "images": lambda: image_step,
         "dreams": lambda: dreaming(1), "member_dreams": lambda: dreaming(5)}
print(f"{case} {rate(steps[case]())}")
