"""Dreamer's steps a second as they are written with PyTorch: the same recurrent state-space model (128 deterministic, 8 x 8 categorical with 1 % uniform, 128
units, a GRU with layer norm), losses, dreams of 15 steps from 256 states, actor by score function, two-hot critic with a slow one, percentile scale, and Adam
(foreach); 16 sequences of 32 steps, 4 observations, 2 actions; one thread. Prints "model RATE", "dreams RATE", "step RATE", "imagine RATE".
usage: torch_dreamer.py [seconds]
"""
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(0)
seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
T, B, D, A, H, G, C, U, K, N, HORIZON = 32, 16, 4, 2, 128, 8, 8, 128, 63, 256, 15
S = G * C


def mlp(inputs, hidden, outputs):
    layers = []
    for width in hidden:
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


def symlog(x):
    return torch.sign(x) * torch.log1p(x.abs())


def symexp(x):
    return torch.sign(x) * torch.expm1(x.abs())


atoms = torch.linspace(-10, 10, K)
gap = 20 / (K - 1)


def two_hot(x):
    return (1 - (symlog(x).clamp(-10, 10).unsqueeze(-1) - atoms).abs() / gap).clamp(min=0)


def cross_entropy(logits, x):
    return -(two_hot(x) * logits.log_softmax(-1)).sum(-1)


def mean(logits):
    return symexp(logits.softmax(-1) @ atoms)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.input = mlp(D, [U], U), nn.Sequential(nn.Linear(S + A, U), nn.ReLU())
        self.gates, self.norm = nn.Linear(U + H, 3 * H, bias=False), nn.LayerNorm(3 * H, eps=1e-3)
        self.prior, self.posterior = mlp(H, [U], S), mlp(H + U, [U], S)
        self.decoder, self.reward, self.goes = mlp(H + S, [U, U], D), mlp(H + S, [U, U], K), mlp(H + S, [U, U], 1)

    def recur(self, h, z, a):
        reset, candidate, update = self.norm(self.gates(torch.cat([self.input(torch.cat([z, a], -1)), h], -1))).chunk(3, -1)
        update = torch.sigmoid(update - 1)
        return update * torch.tanh(torch.sigmoid(reset) * candidate) + (1 - update) * h

    def logs(self, x):
        return (0.99 * x.unflatten(-1, (G, C)).softmax(-1) + 0.01 / C).log()

    def draw(self, logs):
        p = logs.exp()
        index = (p.detach() / torch.empty_like(p).exponential_()).argmax(-1)
        return (F.one_hot(index, C) + p - p.detach()).flatten(-2)

    def step(self, latent, action):
        h = self.recur(latent[:, :H], latent[:, H:], action)
        latent = torch.cat([h, self.draw(self.logs(self.prior(h)))], -1)
        return latent, mean(self.reward(latent)), torch.sigmoid(self.goes(latent).squeeze(-1))

    def loss(self, obs, nxt, act, rew, disc, resets):
        e, n, nxt = self.encoder(symlog(obs)), self.encoder(symlog(nxt)), symlog(nxt)
        h = torch.zeros(B, H)
        keep = (~resets).float().unsqueeze(-1)
        first = self.draw(self.logs(self.posterior(torch.cat([torch.zeros(T, B, H), e], -1))))
        z = first[0]
        states, nexts, posts, memories = [], [], [], []
        for t in range(T):
            h, z = h * keep[t], first[t] * (1 - keep[t]) + z * keep[t]
            states.append(torch.cat([h, z], -1))
            h = self.recur(h, z, act[t])
            memories.append(h)
            posts.append(self.posterior(torch.cat([h, n[t]], -1)))
            z = self.draw(self.logs(posts[-1]))
            nexts.append(torch.cat([h, z], -1))
        latent, post, prior = torch.stack(nexts), self.logs(torch.stack(posts)), self.logs(self.prior(torch.stack(memories)))
        recon = 0.5 * (self.decoder(latent) - nxt).square().sum(-1).mean()
        reward = cross_entropy(self.reward(latent), rew).mean()
        end = F.binary_cross_entropy_with_logits(self.goes(latent).squeeze(-1), (disc > 0).float())
        kl = lambda a, b: (a.exp() * (a - b)).sum((-2, -1)).clamp(min=1).mean()
        return recon + reward + end + 0.5 * kl(post.detach(), prior) + 0.1 * kl(post, prior.detach()), torch.stack(states)


model, actor, critic, slow = Model(), mlp(H + S, [U, U], A), mlp(H + S, [U, U], K), mlp(H + S, [U, U], K)
slow.load_state_dict(critic.state_dict())
adam = lambda m, rate: torch.optim.Adam(m.parameters(), rate, eps=1e-5, foreach=True)
model_optimizer, actor_optimizer, critic_optimizer = adam(model, 1e-3), adam(actor, 3e-4), adam(critic, 3e-4)
obs, nxt = torch.randn(T, B, D), torch.randn(T, B, D)
act, rew, disc = F.one_hot(torch.randint(A, (T, B)), A).float(), torch.rand(T, B), torch.full((T, B), 0.99)
resets = torch.zeros(T, B, dtype=torch.bool)
resets[0] = True
scale = torch.zeros([])


def descend(optimizer, module, loss):
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(module.parameters(), 100)
    optimizer.step()


def model_step():
    loss, states = model.loss(obs, nxt, act, rew, disc, resets)
    descend(model_optimizer, model, loss)
    return states.detach().flatten(0, 1)


@torch.no_grad()
def imagine(latent):
    latents, actions, rewards, discounts = [latent], [], [], []
    for _ in range(HORIZON):
        action = torch.distributions.Categorical(logits=actor(latents[-1]), validate_args=False).sample()
        latent, reward, goes = model.step(latents[-1], F.one_hot(action, A).float())
        latents.append(latent)
        actions.append(action)
        rewards.append(reward)
        discounts.append(0.99 * goes)
    return torch.stack(latents), torch.stack(actions), torch.stack(rewards), torch.stack(discounts)


def dream_step(states):
    latents, actions, rewards, discounts = imagine(states[torch.randint(len(states), (N,))])
    with torch.no_grad():
        values, ahead = mean(critic(latents[:-1])), mean(critic(latents[1:]))
        last, returns = ahead[-1], []
        for t in reversed(range(HORIZON)):
            last = rewards[t] + discounts[t] * (0.05 * ahead[t] + 0.95 * last)
            returns.append(last)
        returns = torch.stack(returns[::-1])
        weights = torch.cat([torch.ones_like(discounts[:1]), discounts[:-1]]).cumprod(0)
        ends = torch.quantile(returns, torch.tensor([0.05, 0.95]))
        scale.mul_(0.99).add_(0.01 * (ends[1] - ends[0]))
        advantages = (returns - values) / scale.clamp(min=1)
        behind = mean(slow(latents[:-1]))
    policy = torch.distributions.Categorical(logits=actor(latents[:-1]), validate_args=False)
    descend(actor_optimizer, actor, -(weights * (policy.log_prob(actions) * advantages + 3e-4 * policy.entropy())).mean())
    logits = critic(latents[:-1])
    descend(critic_optimizer, critic, (weights * (cross_entropy(logits, returns) + cross_entropy(logits, behind))).mean())
    with torch.no_grad():
        for a, b in zip(slow.parameters(), critic.parameters()):
            a.lerp_(b, 0.02)


def rate(action):
    action()
    found = []
    for _ in range(5):
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            action()
            count += 1
        found.append(count / (time.perf_counter() - start))
    return statistics.median(found)


states = model_step()
starts = states.repeat(2, 1)
print("model", rate(model_step))
print("dreams", rate(lambda: dream_step(states)))
print("step", rate(lambda: dream_step(model_step())))
print("imagine", rate(lambda: imagine(starts)))
