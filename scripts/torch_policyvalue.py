#!/usr/bin/env python3
"""Reference values from PyTorch for AlphaZero's network and loss.

    python3 scripts/torch_policyvalue.py            writes models/testdata/torch_policyvalue.json
    python3 scripts/torch_policyvalue.py --check    exit status 1 if it differs from what PyTorch gives now

A dense network and one with a convolutional layer: outputs, the three losses, and the gradients of
(r - v)^2 - pi^T log p. As torch_values.py: in float64, from fixed numbers; dense weights stand as (in, out).
"""
import torch
import torch.nn.functional as F

from torch_values import main, numbers


def flat(t):
    return {"shape": list(t.shape), "data": t.detach().flatten().tolist()}


def case(name, image, maps, units, moves, m, seed):
    channels, height, width = image
    params = {}

    def leaf(key, *shape):
        params[key] = (numbers(seed + len(params), *shape) / 2).requires_grad_(True)
        return params[key]

    x, n = numbers(seed + 50, m, channels * height * width), channels * height * width
    h, layer = x, 1
    if maps:
        h = torch.relu(F.conv2d(x.reshape(m, *image), leaf("net.1.W", maps, channels, 3, 3), leaf("net.1.b", maps), padding=1)).flatten(1)
        n, layer = maps * height * width, 2
    for k in units:
        h = torch.relu(h @ leaf(f"net.{layer}.W", n, k) + leaf(f"net.{layer}.b", k))
        n, layer = k, layer + 1
    z = h @ leaf("net.policy.W", n, moves) + leaf("net.policy.b", moves)
    v = torch.tanh(h @ leaf("net.value.W", n, 1) + leaf("net.value.b", 1)).squeeze(1)
    pi = torch.softmax(3 * numbers(seed + 51, m, moves), 1)
    r = torch.tensor([-1.0, 0.0, 1.0] * m)[:m]
    value, policy = ((r - v) ** 2).mean(), -(pi * torch.log_softmax(z, 1)).sum(1).mean()
    (value + policy).backward()
    return {"name": name, "image": image, "maps": maps, "units": units, "moves": moves, "x": flat(x),
            "t": flat(torch.cat([pi, r[:, None]], 1)), "policy": flat(z), "value": flat(v), "valueLoss": value.item(),
            "policyLoss": policy.item(), "params": {k: flat(p) for k, p in params.items()}, "gradients": {k: flat(p.grad) for k, p in params.items()}}


def policy_value():
    return [case("dense", [1, 2, 3], 0, [5, 4], 3, 4, 400), case("convolutional", [2, 3, 4], 2, [5], 4, 3, 460)]


if __name__ == "__main__":
    main({"models/testdata/torch_policyvalue.json": policy_value}, __doc__)
