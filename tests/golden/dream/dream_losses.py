"""Golden numbers for learning from dreams, with PyTorch in float64: python3 dream_losses.py > dream_losses.json"""
import json
import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(7)
T, N, G, C, S, K = 5, 3, 2, 4, 3, 11


def lam_returns(r, d, v, lam):
    last, out = v[-1], []
    for t in reversed(range(T)):
        last = r[t] + d[t] * ((1 - lam) * v[t] + lam * last)
        out.append(last)
    return torch.stack(out[::-1])


def numbers(x):
    return x.detach().tolist()


r, d, v = torch.randn(T, N), torch.rand(T, N), torch.randn(T, N, requires_grad=True)
ret = lam_returns(r, d, v, 0.8)
weights = torch.cat([torch.ones(1, N), d[:-1]]).cumprod(0)
loss = -(ret * weights).mean()
loss.backward()
out = dict(rewards=numbers(r), discounts=numbers(d), values=numbers(v), returns=numbers(ret), weights=numbers(weights), pathwise=float(loss), value_grad=numbers(v.grad))

logits = torch.randn(T, K, requires_grad=True)
x = torch.tensor([-30.0, -0.4, 0.0, 2.5, 1e6])
sym = torch.sign(x) * torch.log1p(x.abs())
atoms = torch.linspace(-5, 5, K)
target = torch.zeros(T, K)
for i, y in enumerate(sym.clamp(-5, 5)):
    below = int((atoms <= y).sum()) - 1
    above = min(below + 1, K - 1)
    share = 0.0 if above == below else float((y - atoms[below]) / (atoms[above] - atoms[below]))
    target[i, below] += 1 - share
    target[i, above] += share
ce = -(target * torch.log_softmax(logits, -1)).sum(-1)
ce.sum().backward()
mean = (torch.softmax(logits, -1) * atoms).sum(-1)
mean = torch.sign(mean) * (torch.exp(mean.abs()) - 1)
out.update(logits=numbers(logits), x=numbers(x), symlog=numbers(sym), two_hot=numbers(target), cross_entropy=numbers(ce), logits_grad=numbers(logits.grad), two_hot_mean=numbers(mean))

p, q = torch.randn(N, G, C, requires_grad=True), torch.randn(N, G, C, requires_grad=True)
mix = lambda l: (0.99 * torch.softmax(l, -1) + 0.01 / C).log()
kl = lambda a, b: torch.distributions.kl_divergence(
    torch.distributions.Independent(torch.distributions.Categorical(logits=a), 1), torch.distributions.Independent(torch.distributions.Categorical(logits=b), 1))
free = 0.6
balanced = 0.8 * torch.clamp(kl(mix(p).detach(), mix(q)), min=free).mean() + 0.2 * torch.clamp(kl(mix(p), mix(q).detach()), min=free).mean()
balanced.backward()
out.update(p=numbers(p), q=numbers(q), free=free, categorical_kl=numbers(kl(mix(p), mix(q))), balanced=float(balanced), p_grad=numbers(p.grad), q_grad=numbers(q.grad))

mp, mq = torch.randn(N, S), torch.randn(N, S)
sp, sq = torch.rand(N, S) + 0.2, torch.rand(N, S) + 0.2
normal = lambda m, s: torch.distributions.Independent(torch.distributions.Normal(m, s), 1)
out.update(mean_p=numbers(mp), mean_q=numbers(mq), deviation_p=numbers(sp), deviation_q=numbers(sq), gaussian_kl=numbers(torch.distributions.kl_divergence(normal(mp, sp), normal(mq, sq))))
many = torch.randn(101)
out.update(many=numbers(many), percentile_range=float(torch.quantile(many, 0.95) - torch.quantile(many, 0.05)))
print(json.dumps({"losses": out}))
