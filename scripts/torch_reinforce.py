#!/usr/bin/env python3
"""Reference values for reinforcement learning: from PyTorch, and of a cart-pole in plain Python.

    python3 scripts/torch_reinforce.py            writes the files below
    python3 scripts/torch_reinforce.py --check    exit status 1 if they differ from what is computed now

blocks/testdata/torch_huber.json        Huber's loss and its gradient
reinforce/testdata/torch_costs.json     the costs of Q-learning and REINFORCE on small networks, and their gradients
reinforce/testdata/cartpole.json        courses of the cart-pole under given actions, by Lagrange's equations

As torch_values.py: in float64, from fixed numbers.
"""
import math
import struct

import torch
import torch.nn.functional as F
from torch import nn

from torch_values import main, numbers


def huber():
    y, t = (4 * numbers(400, 5, 4)).requires_grad_(True), numbers(401, 5, 4)
    loss = F.smooth_l1_loss(y, t, beta=1.0)
    loss.backward()
    return {"y": y.tolist(), "t": t.tolist(), "loss": loss.item(), "dy": y.grad.tolist()}


def mlp(label, *sizes):
    layers = [nn.Linear(n, k) for n, k in zip(sizes, sizes[1:])]
    with torch.no_grad():
        for i, layer in enumerate(layers):
            layer.weight.copy_(numbers(label + i, layer.in_features, layer.out_features).t())
            layer.bias.copy_(numbers(label + 10 + i, layer.out_features) / 2)
    between = [nn.Tanh() for _ in layers[1:]] + [nn.Identity()]
    return nn.Sequential(*(m for pair in zip(layers, between) for m in pair))


def named(net, value):
    """A value of each parameter, weights as (inputs, units)."""
    return [value(p).t().tolist() if p.dim() == 2 else value(p).tolist() for p in net.parameters()]


def costs():
    m, n, k, gamma = 6, 4, 3, 0.9
    x, after, actions = numbers(410, m, n), numbers(411, m, n), torch.arange(m) % k
    rewards, goes_on = 3 * numbers(412, m), torch.tensor([1.0, 0, 1, 1, 0, 1])
    out = {"x": x.tolist(), "next": after.tolist(), "actions": actions.tolist(), "rewards": rewards.tolist(), "goes_on": goes_on.tolist(), "discount": gamma, "q": []}
    for with_target in (True, False):
        q, target = mlp(420, n, 5, k), mlp(440, n, 5, k)
        with torch.no_grad():
            best = (target if with_target else q)(after).max(1).values
        chosen = q(x).gather(1, actions[:, None])[:, 0]
        loss = F.smooth_l1_loss(chosen, rewards + gamma * goes_on * best)
        loss.backward()
        out["q"].append({"with_target": with_target, "net": named(q, lambda p: p), "target": named(target, lambda p: p),
                         "loss": loss.item(), "value": chosen.mean().item(), "gradient": named(q, lambda p: p.grad)})
    out |= {"returns": (20 * numbers(413, m)).tolist(), "weights": numbers(414, m).abs().tolist(), "scale": 8.0, "policy": []}
    returns, weights = torch.tensor(out["returns"]), torch.tensor(out["weights"])
    for with_baseline in (True, False):
        net, baseline = mlp(460, n, 5, k), mlp(480, n, 4, 1)
        b = baseline(x)[:, 0] if with_baseline else torch.zeros(m)
        log_pi = torch.distributions.Categorical(logits=net(x)).log_prob(actions)
        loss = -(weights * (returns - out["scale"] * b.detach()) * log_pi).sum()
        square = 0.5 * (weights * (returns / out["scale"] - b) ** 2).sum()
        (loss + square).backward() if with_baseline else loss.backward()
        out["policy"].append({"with_baseline": with_baseline, "net": named(net, lambda p: p), "baseline": named(baseline, lambda p: p), "loss": loss.item(),
                              "square": square.item(), "gradient": named(net, lambda p: p.grad),
                              "baseline_gradient": named(baseline, lambda p: p.grad) if with_baseline else []})
    return out


# --- cart-pole -----------------------------------------------------------------------------------------------------

def accelerations(theta, omega, force, cart=1.0, pole=0.1, half=0.5, g=9.8):
    """Those of cart and pole, from Lagrange's equations for a uniform pole, solved as a linear system:

        (cart + pole)·a + pole·half·cos θ·α = force + pole·half·ω²·sin θ
        cos θ·a + 4/3·half·α = g·sin θ
    """
    a11, a12, b1 = cart + pole, pole * half * math.cos(theta), force + pole * half * omega ** 2 * math.sin(theta)
    a21, a22, b2 = math.cos(theta), 4 / 3 * half, g * math.sin(theta)
    d = a11 * a22 - a12 * a21
    return (b1 * a22 - a12 * b2) / d, (a11 * b2 - a21 * b1) / d


def float32(v):
    return struct.unpack("f", struct.pack("f", v))[0]


def cartpole():
    out = []
    for label, act in enumerate((lambda i: 0, lambda i: 1, lambda i: i % 2, lambda i: i // 3 % 2, lambda i: i * i // 5 % 2)):
        state = [float32(v / 20) for v in numbers(500 + label, 4).tolist()]
        course = {"start": state, "actions": [], "states": [], "terminal": False}
        while len(course["actions"]) < 500 and not course["terminal"]:
            action = act(len(course["actions"]))
            x, v, theta, omega = state
            a, alpha = accelerations(theta, omega, 10.0 if action else -10.0)
            state = [float32(s) for s in (x + 0.02 * v, v + 0.02 * a, theta + 0.02 * omega, omega + 0.02 * alpha)]
            course["actions"].append(action)
            course["states"].append(state)
            course["terminal"] = abs(state[0]) > 2.4 or abs(state[2]) > math.radians(12)
        out.append(course)
    return {"courses": out}


if __name__ == "__main__":
    main({"blocks/testdata/torch_huber.json": huber, "reinforce/testdata/torch_costs.json": costs, "reinforce/testdata/cartpole.json": cartpole}, __doc__)
