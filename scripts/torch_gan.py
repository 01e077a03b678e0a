#!/usr/bin/env python3
"""Reference values from PyTorch for the tests of Capas' generative adversarial networks.

    python3 scripts/torch_gan.py            writes models/testdata/torch_gan.json
    python3 scripts/torch_gan.py --check    exit status 1 if it differs from what PyTorch gives now

Losses, gradient penalties and gradients of generator and discriminator, two small perceptrons in float64; and their
parameters after three steps of training, in which the discriminator moves first, each player by an Adam of its own.
"""

import torch
from torch import nn
from torch.nn import functional as F

from torch_values import main, named, numbers

FILE = "models/testdata/torch_gan.json"
BATCH, CODE, EXAMPLE = 5, 3, 4
GENERATOR, DISCRIMINATOR = (CODE, 6, EXAMPLE), (EXAMPLE, 7, 5, 1)
# name: loss, R1, Lipschitz
VARIANTS = {
    "minimax": ("minimax", 0, 0), "non-saturating": ("non-saturating", 0, 0), "feature-matching": ("feature-matching", 0, 0),
    "non-saturating with R1": ("non-saturating", 2, 0), "wasserstein with a gradient penalty": ("wasserstein", 0, 10),
    "minimax with both penalties": ("minimax", 0.5, 3),
}


def network(label, sizes):
    """Leaky rectified hidden units with slope 0.2, a linear output layer."""
    layers = []
    for i, (n, k) in enumerate(zip(sizes, sizes[1:])):
        linear = nn.Linear(n, k)
        with torch.no_grad():
            linear.weight.copy_(numbers(label + i, n, k).t())
            linear.bias.copy_(numbers(label + 10 + i, k) / 2)
        layers += [linear, nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


def costs(generator, discriminator, x, z, mix, loss, r1, lipschitz):
    """Loss of the discriminator, of the generator, and penalty."""
    features, top = discriminator[:-1], discriminator[-1]
    x = x.clone().requires_grad_(True)
    made = torch.sigmoid(generator(z))
    real, fake = discriminator(x), discriminator(made)
    if loss == "wasserstein":
        d = fake.mean() - real.mean()
    else:
        d = F.binary_cross_entropy_with_logits(real, torch.ones_like(real)) + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    g = {"minimax": lambda: torch.log(1 - torch.sigmoid(fake)).mean(),
         "non-saturating": lambda: -torch.log(torch.sigmoid(fake)).mean(),
         "feature-matching": lambda: ((features(x).mean(0) - features(made).mean(0)) ** 2).sum(),
         "wasserstein": lambda: -fake.mean()}[loss]()
    penalty = torch.zeros(())
    if r1:
        slope, = torch.autograd.grad(real.sum(), x, create_graph=True)
        penalty = penalty + r1 / 2 * (slope ** 2).sum(1).mean()
    if lipschitz:
        between = (mix[:, None] * x + (1 - mix[:, None]) * made)
        slope, = torch.autograd.grad(discriminator(between).sum(), between, create_graph=True)
        penalty = penalty + lipschitz * ((slope.norm(dim=1) - 1) ** 2).mean()
    return d, g, penalty


def values():
    x = (numbers(1, BATCH, EXAMPLE) + 1) / 2
    codes, mixes = [numbers(2 + i, BATCH, CODE) for i in range(6)], [(numbers(12 + i, BATCH) + 1) / 2 for i in range(6)]
    out = {"x": x.tolist(), "codes": [z.tolist() for z in codes], "mixes": [m.tolist() for m in mixes], "variants": []}
    for name, (loss, r1, lipschitz) in VARIANTS.items():
        generator, discriminator = network(100, GENERATOR), network(200, DISCRIMINATOR)
        what = {"name": name, "loss": loss, "r1": r1, "lipschitz": lipschitz,
                "generator": named(generator, lambda p: p.detach()), "discriminator": named(discriminator, lambda p: p.detach())}
        d, g, penalty = costs(generator, discriminator, x, codes[0], mixes[0], loss, r1, lipschitz)
        what |= {"discriminator loss": d.item(), "generator loss": g.item(), "penalty": penalty.item()}
        for net, cost, player in ((discriminator, d + penalty, "discriminator"), (generator, g, "generator")):
            grads = dict(zip(net.parameters(), torch.autograd.grad(cost, list(net.parameters()), retain_graph=True, allow_unused=True)))
            what[player + " gradient"] = named(net, lambda p: grads[p] if grads[p] is not None else torch.zeros_like(p))
        of_d, of_g = torch.optim.Adam(discriminator.parameters(), 0.02, betas=(0.5, 0.9)), torch.optim.Adam(generator.parameters(), 0.01, betas=(0.5, 0.9))
        for step in range(3):  # each move sees codes of its own
            d, _, penalty = costs(generator, discriminator, x, codes[2 * step], mixes[2 * step], loss, r1, lipschitz)
            of_d.zero_grad()
            (d + penalty).backward()
            of_d.step()
            _, g, _ = costs(generator, discriminator, x, codes[2 * step + 1], mixes[2 * step + 1], loss, r1, lipschitz)
            of_g.zero_grad()
            g.backward()
            of_g.step()
        what["trained generator"] = named(generator, lambda p: p.detach())
        what["trained discriminator"] = named(discriminator, lambda p: p.detach())
        out["variants"].append(what)
    return out


if __name__ == "__main__":
    main({FILE: values}, __doc__)
