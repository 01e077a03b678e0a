#!/usr/bin/env python3
"""Reference values from PyTorch for the tests of Capas.

    python3 scripts/torch_values.py            writes the two files below
    python3 scripts/torch_values.py --check    exit status 1 if they differ from what PyTorch gives now

train/testdata/torch_steps.json    one small MLP: loss, gradients, and the parameters after steps 1 and 5 of each optimiser
blocks/testdata/torch_blocks.json  values and gradients of activations and losses, saturated ones among them

All in float64, from fixed numbers: two runs write equal files. Weights stand as Capas keeps them, (in, out); those of
torch.nn.Linear are their transposes. The committed files are from PyTorch 1.13 (Debian 12: apt install python3-torch);
any later version should agree within the tolerance of --check.
"""
import argparse
import json
import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES = {"train/testdata/torch_steps.json": lambda: steps(), "blocks/testdata/torch_blocks.json": lambda: blocks()}
TOLERANCE = 1e-12  # |difference| / max(1, |value|): PyTorch's own rounding may change between versions and machines

torch.set_default_dtype(torch.float64)


def numbers(label, *shape):
    """Fixed numbers in [-1, 1), multiples of 1/64 so that float32 holds them exactly; label makes them different."""
    state, out = 2463534242 ^ (label * 2654435761 % 2**32), []
    for _ in range(torch.Size(shape).numel()):
        for a, b in ((13, 1), (17, -1), (5, 1)):  # xorshift32 (Marsaglia 2003)
            state = (state ^ (state << a if b > 0 else state >> a)) % 2**32
        out.append((state >> 25) / 64 - 1)
    return torch.tensor(out).reshape(shape)


# --- one MLP, 6-5-4-3: sigmoid, tanh, softmax with cross-entropy --------------------------------------------------

SIZES, BATCH, STEPS = (6, 5, 4, 3), 7, (1, 5)

# name: recipe in Capas' words, optimiser in PyTorch's, decay of the weights (never of the biases)
OPTIMISERS = {
    "sgd": ({"kind": "sgd", "rate": 0.5}, lambda p: torch.optim.SGD(p, 0.5), 0),
    "sgd with weight decay": ({"kind": "sgd", "rate": 0.5}, lambda p: torch.optim.SGD(p, 0.5), 0.01),
    "momentum": ({"kind": "momentum", "rate": 0.1, "momentum": 0.9}, lambda p: torch.optim.SGD(p, 0.1, momentum=0.9), 0),
    "momentum with weight decay": ({"kind": "momentum", "rate": 0.1, "momentum": 0.9}, lambda p: torch.optim.SGD(p, 0.1, momentum=0.9), 0.01),
    "nesterov": ({"kind": "nesterov", "rate": 0.1, "momentum": 0.9}, lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True), 0),
    "nesterov with weight decay": ({"kind": "nesterov", "rate": 0.1, "momentum": 0.9}, lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True), 0.01),
    "rmsprop": ({"kind": "rmsprop", "rate": 0.01}, lambda p: torch.optim.RMSprop(p, 0.01), 0),
    "rmsprop with its own constants": ({"kind": "rmsprop", "rate": 0.01, "rho": 0.9, "epsilon": 1e-3}, lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.9, eps=1e-3), 0),
    "rmsprop with weight decay": ({"kind": "rmsprop", "rate": 0.01}, lambda p: torch.optim.RMSprop(p, 0.01), 0.01),
    "adam": ({"kind": "adam", "rate": 0.01}, lambda p: torch.optim.Adam(p, 0.01), 0),
    "adam with its own constants": ({"kind": "adam", "rate": 0.01, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3}, lambda p: torch.optim.Adam(p, 0.01, betas=(0.8, 0.99), eps=1e-3), 0),
    "adam with weight decay": ({"kind": "adam", "rate": 0.01}, lambda p: torch.optim.Adam(p, 0.01), 0.01),
}


def mlp():
    layers = [nn.Linear(n, k) for n, k in zip(SIZES, SIZES[1:])]
    with torch.no_grad():
        for i, layer in enumerate(layers):
            layer.weight.copy_(numbers(10 + i, layer.in_features, layer.out_features).t())
            layer.bias.copy_(numbers(20 + i, layer.out_features) / 2)
    return nn.Sequential(layers[0], nn.Sigmoid(), layers[1], nn.Tanh(), layers[2])


def named(net, value):
    """{"1.W": …, "1.b": …, …} with a value of each parameter, in Capas' orientation."""
    linear = [m for m in net if isinstance(m, nn.Linear)]
    return {f"{i}.{name}": value(p).t().tolist() if name == "W" else value(p).tolist()
            for i, m in enumerate(linear, 1) for name, p in (("W", m.weight), ("b", m.bias))}


def steps():
    x, labels = numbers(1, BATCH, SIZES[0]), torch.arange(BATCH) % SIZES[-1]
    net = mlp()
    loss = F.cross_entropy(net(x), labels)
    loss.backward()
    out = {"x": x.tolist(), "labels": labels.tolist(), "params": named(net, lambda p: p.detach()),
           "loss": loss.item(), "gradients": named(net, lambda p: p.grad), "optimizers": []}
    for name, (recipe, make, decay) in OPTIMISERS.items():
        net = mlp()
        opt = make([{"params": [p for p in net.parameters() if p.dim() == 2], "weight_decay": decay},
                    {"params": [p for p in net.parameters() if p.dim() == 1]}])
        recipe = {k: {"start": v} if k in ("rate", "momentum") else v for k, v in recipe.items()}
        after = []
        for step in range(1, max(STEPS) + 1):
            opt.zero_grad()
            loss = F.cross_entropy(net(x), labels)  # before the step
            loss.backward()
            opt.step()
            if step in STEPS:
                after.append({"step": step, "loss": loss.item(), "params": named(net, lambda p: p.detach())})
        out["optimizers"].append({"name": name, "recipe": {**recipe, **({"l2": decay} if decay else {})}, "after": after})
    return out


# --- activations and losses ----------------------------------------------------------------------------------------

GRID = [[-1000, -100, -40, -20, -8], [-3, -1.5, -1, -0.5, -0.125], [-1e-3, 0, 1e-3, 0.125, 0.5], [1, 1.5, 2, 3, 5], [8, 20, 40, 100, 1000]]

ACTIVATIONS = {
    "linear": lambda z: z * 1,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "lecun-tanh": lambda z: 1.7159 * torch.tanh(2 * z / 3),
    "relu": torch.relu,
    "leaky-relu(0.01)": lambda z: F.leaky_relu(z, 0.01),
    "leaky-relu(0.25)": lambda z: F.leaky_relu(z, 0.25),
    "softplus": lambda z: F.softplus(z, threshold=700),  # by default it is z from 20 on
    "softsign": F.softsign,
    "softmax": lambda z: torch.softmax(z, 1),
}

LOSSES = {
    "numeric": F.mse_loss,  # mean over all elements
    "binary": lambda z, t: F.binary_cross_entropy_with_logits(z, t, reduction="sum") / len(z),  # sum over units, mean over examples
    "classes": F.cross_entropy,  # targets as probabilities
}


def one_hot():
    return F.one_hot(torch.tensor([0, 4, 2, 1, 3]), 5).double()


def blocks():
    z, r = torch.tensor(GRID), numbers(30, 5, 5)
    out = {"z": GRID, "dy": r.tolist(), "activations": [], "losses": []}
    for name, f in ACTIVATIONS.items():
        z.requires_grad_(True)
        z.grad = None
        y = f(z)
        (y * r).sum().backward()
        out["activations"].append({"name": name, "y": y.tolist(), "dz": z.grad.tolist()})
    soft = torch.softmax(2 * numbers(31, 5, 5), 1)
    inputs = {"saturated, one-hot": (z, one_hot()), "saturated, soft targets": (z, soft), "moderate, one-hot": (3 * numbers(32, 5, 5), one_hot()),
              "moderate, soft targets": (3 * numbers(33, 5, 5), soft)}
    for name, f in LOSSES.items():
        for kind, (at, t) in inputs.items():
            at = at.detach().clone().requires_grad_(True)
            loss = f(at, t)
            loss.backward()
            out["losses"].append({"output": name, "case": kind, "z": at.tolist(), "t": t.tolist(), "loss": loss.item(), "dz": at.grad.tolist()})
    return out


# --- files ---------------------------------------------------------------------------------------------------------

def difference(path, a, b):
    """The first difference of two JSON values, or None."""
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return None if abs(a - b) <= TOLERANCE * max(1, abs(a)) else f"{path}: committed {a!r}, PyTorch gives {b!r}"
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        pairs = enumerate(zip(a, b))
    elif isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        pairs = ((k, (a[k], b[k])) for k in a)
    else:
        return None if a == b and type(a) is type(b) else f"{path}: committed {a!r:.80}, PyTorch gives {b!r:.80}"
    return next((d for k, (u, v) in pairs if (d := difference(f"{path}.{k}", u, v))), None)


def text(value, indent=""):
    """JSON with one vector of numbers a line."""
    inner = indent + " "
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{inner}{json.dumps(k)}: {text(v, inner)}" for k, v in value.items()) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], (list, dict)):
        return "[\n" + ",\n".join(inner + text(v, inner) for v in value) + f"\n{indent}]"
    return json.dumps(value)


def main(files=FILES, doc=__doc__):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed files instead of writing them")
    check = parser.parse_args().check
    failed = False
    for name, make in files.items():
        value = json.loads(json.dumps(make()))
        if not check:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_text(text(value) + "\n")
            continue
        try:
            found = difference(name, json.loads((ROOT / name).read_text()), value)
        except (OSError, ValueError) as err:
            found = f"{name}: {err}"
        print(found or f"{name}: as PyTorch {torch.__version__} gives it")
        failed = failed or bool(found)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
