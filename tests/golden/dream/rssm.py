"""The recurrent state-space model's loss without noise, in PyTorch float64, one sequence step after the other: /usr/bin/python3 rssm.py > rssm.json
Of one prior and of three side by side, whose losses' mean is taken; and of observations of 0 and 1 by a Bernoulli likelihood.
Parameters are 0.3 sin(k) + 0.05 cos(3 k), k = 1, 2, ..., in the order in which the model makes them."""
import json
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
T, B, D, A, H, U, E = 4, 2, 3, 2, 5, 6, 6


def fill(shapes):
    out, k = {}, 1
    for name, shape in shapes:
        n = int(torch.tensor(shape).prod())
        i = torch.arange(k, k + n)
        out[name] = (0.3 * torch.sin(i.double()) + 0.05 * torch.cos(3 * i.double())).reshape(shape).requires_grad_()
        k += n
    return out


def mlp(p, name, x, last=False):
    i = 0
    while f"{name}.{i}.weight" in p:
        x = F.linear(x, p[f"{name}.{i}.weight"], p[f"{name}.{i}.bias"])
        i += 1
        if last or f"{name}.{i}.weight" in p:
            x = torch.relu(x)
    return x


def dense(name, widths):
    return [s for i in range(len(widths) - 1) for s in ((f"{name}.{i}.weight", (widths[i + 1], widths[i])), (f"{name}.{i}.bias", (widths[i + 1],)))]


def case(kind, members=1, binary=False):
    gaussian = kind == "gaussian"
    G, C = (3, 1) if gaussian else (2, 3)
    S = G * C
    heads = 2 * G if gaussian else S
    norm = not gaussian
    symlog = lambda x: torch.sign(x) * torch.log1p(x.abs())
    read = (lambda x: x) if gaussian or binary else symlog
    of = lambda shapes: [(name, (members, *shape)) for name, shape in shapes] if members > 1 else shapes
    p = fill(dense("encoder", [D, E]) + dense("input", [S + A, U]) + [("gru.weight", (3 * H, U + H))]
             + ([("gru.scale", (3 * H,)), ("gru.shift", (3 * H,))] if norm else [("gru.bias", (3 * H,))])
             + of(dense("prior", [H, U, heads])) + dense("posterior", [H + E, U, heads])
             + dense("decoder", [H + S, U, D]) + dense("reward", [H + S, U, 1 if gaussian else 63]) + dense("continue", [H + S, U, 1]))
    n = torch.arange(T * B * D).double()
    obs, nxt = torch.sin(n * 0.7).reshape(T, B, D) * 2, torch.cos(n * 0.31).reshape(T, B, D) * 3
    if binary:
        obs, nxt = (obs < 0).double(), (nxt < 0).double()
    resets = torch.zeros(T, B, dtype=torch.bool)
    resets[0] = True
    resets[2, 1] = True
    act = F.one_hot(torch.arange(T * B).reshape(T, B) % A, A).double()
    rew, disc, mask = torch.sin(torch.arange(T * B).double()).reshape(T, B) * 4, torch.full((T, B), 0.9), torch.ones(T, B)
    disc[1, 1] = 0
    mask[3, 0] = 0
    nxt[3, 0] = 0

    def stats(x):
        if gaussian:
            return x[..., :G], F.softplus(x[..., G:]) + 0.1
        x = torch.softmax(x.reshape(*x.shape[:-1], G, C), -1)
        return (0.99 * x + 0.01 / C).log()

    def draw(s):
        if gaussian:
            return s[0]
        hot = F.one_hot(s.argmax(-1), C).double()
        return (hot + s.exp() - s.exp().detach()).flatten(-2)

    def gru(h, z, a):
        y = F.linear(torch.cat([mlp(p, "input", torch.cat([z, a], -1), True), h], -1), p["gru.weight"], p.get("gru.bias"))
        if norm:
            y = F.layer_norm(y, (3 * H,), p["gru.scale"], p["gru.shift"], 1e-3)
        r, c, u = y.chunk(3, -1)
        u = torch.sigmoid(u - 1)
        return u * torch.tanh(torch.sigmoid(r) * c) + (1 - u) * h

    def priors(h):
        if members == 1:
            return mlp(p, "prior", h)[None]
        one = lambda k: {name: value[k] for name, value in p.items() if name.startswith("prior.")}
        return torch.stack([mlp(one(k), "prior", h) for k in range(members)])

    embed = lambda x: mlp(p, "encoder", read(x))
    states, feats, post, prior = [], [], [], []
    h = z = None
    for t in range(T):
        rows_h, rows_z = [], []
        for b in range(B):
            if resets[t, b]:
                h0 = torch.zeros(1, H)
                rows_h.append(h0)
                rows_z.append(draw(stats(mlp(p, "posterior", torch.cat([h0, embed(obs[t, b:b + 1])], -1)))))
            else:
                rows_h.append(h[b:b + 1])
                rows_z.append(z[b:b + 1])
        h, z = torch.cat(rows_h), torch.cat(rows_z)
        states.append(torch.cat([h, z], -1))
        h = gru(h, z, act[t])
        prior.append(priors(h))
        post.append(mlp(p, "posterior", torch.cat([h, embed(nxt[t])], -1)))
        z = draw(stats(post[-1]))
        feats.append(torch.cat([h, z], -1))
    feat, q, r = torch.stack(feats), stats(torch.stack(post)), [stats(x) for x in torch.stack(prior, 1)]
    mean = lambda x: (x * mask).sum() / mask.sum()
    decoded = mlp(p, "decoder", feat)
    reconstruction = mean((F.binary_cross_entropy_with_logits(decoded, nxt, reduction="none") if binary else 0.5 * (decoded - read(nxt)).square()).sum(-1))
    out = mlp(p, "reward", feat)
    if gaussian:
        reward = mean(0.5 * (out[..., 0] - rew).square())
    else:
        atoms, y = torch.linspace(-10, 10, 63), symlog(rew)
        hot = (1 - ((y.unsqueeze(-1) - atoms).abs() / (atoms[1] - atoms[0]))).clamp(min=0)
        reward = mean(-(hot * out.log_softmax(-1)).sum(-1))
    end = mean(F.binary_cross_entropy_with_logits(mlp(p, "continue", feat)[..., 0], (disc > 0).double(), reduction="none"))

    def kl(a, b):
        if gaussian:
            return torch.distributions.kl_divergence(torch.distributions.Normal(*a), torch.distributions.Normal(*b)).sum(-1)
        return (a.exp() * (a - b)).sum((-2, -1))

    hold = lambda s: tuple(x.detach() for x in s) if gaussian else s.detach()
    dyn, rep = [kl(hold(q), x) for x in r], [kl(q, hold(x)) for x in r]
    if gaussian:
        balanced = sum(mean(d).clamp(min=0.01) + mean(x).clamp(min=0.01) for d, x in zip(dyn, rep)) / members
    else:
        balanced = sum(0.5 * mean(d.clamp(min=0.02)) + 0.1 * mean(x.clamp(min=0.02)) for d, x in zip(dyn, rep)) / members
    total = reconstruction + reward + end + balanced
    total.backward()
    grads = torch.cat([v.grad.reshape(-1) for v in p.values()])
    lists = lambda x: x.detach().tolist()
    return dict(states=lists(torch.stack(states)), reconstruction=float(reconstruction), reward=float(reward), end=float(end), divergence=float(sum(mean(d) for d in dyn) / members), total=float(total), gradient=lists(grads))


print(json.dumps({kind + (f"_{members}" if members > 1 else ""): case(kind, members) for members in (1, 3) for kind in ("gaussian", "categorical")}
                 | {"categorical_binary": case("categorical", binary=True)}))
