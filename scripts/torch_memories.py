#!/usr/bin/env python3
"""Reference values from PyTorch for the associative memories of Capas.

    python3 scripts/torch_memories.py            writes models/testdata/torch_memories.json
    python3 scripts/torch_memories.py --check    exit status 1 if it differs from what PyTorch gives now

Energies of states, their gradients by autograd with respect to the states and the parameters (of the sum over the
states, weighted by "weights"), and attention by torch.nn.MultiheadAttention. All in float64, from the fixed numbers of
torch_values.py. The committed file is from PyTorch 1.13.
"""
import argparse
import json
import math
import sys

import torch
from torch import nn

sys.dont_write_bytecode = True  # no folder beside the scripts
from torch_values import ROOT, difference, numbers, text

FILE = "models/testdata/torch_memories.json"
STATES, UNITS, HIDDEN, PATTERNS = 5, 6, 4, 7


def case(name, energy, states, params):
    """The energies (m) of states, and gradients."""
    leaves = {k: v.clone().requires_grad_(True) for k, v in {**states, **params}.items()}
    weights = numbers(50, STATES)
    e = energy(**leaves)
    (e * weights).sum().backward()
    return {"name": name, "states": {k: v.tolist() for k, v in states.items()}, "params": {k: v.tolist() for k, v in params.items()},
            "weights": weights.tolist(), "energy": e.tolist(), "gradients": {k: v.grad.tolist() for k, v in leaves.items()}}


def hopfield(s, W, b):
    return -torch.einsum("mi,ij,mj->m", s, W, s) / 2 - s @ b


def polynomial(p):
    return lambda s, X: -(UNITS / p) * ((s @ X / UNITS) ** p).sum(1)


def exponential(beta):
    return lambda s, X: -torch.logsumexp(beta * (s @ X), 1) / beta


def softmax(beta):
    return lambda s, X: -torch.logsumexp(beta * (s @ X), 1) / beta + (s * s).sum(1) / 2 + math.log(PATTERNS) / beta


def bam(v, h, W, b, c):
    return -torch.einsum("mi,ij,mj->m", v, W, h) - h @ b - v @ c


def attention(s, X):
    """softmax(s·X/√n)·Xᵀ by the module, whose projections are set to the identity."""
    a = nn.MultiheadAttention(UNITS, 1, bias=False, batch_first=True)
    with torch.no_grad():
        a.in_proj_weight.copy_(torch.eye(UNITS).repeat(3, 1))
        a.out_proj.weight.copy_(torch.eye(UNITS))
        y, w = a(s[None], X.t()[None], X.t()[None])
    return {"s": s.tolist(), "X": X.tolist(), "output": y[0].tolist(), "weights": w[0].tolist()}


def values():
    s, v, h, X = numbers(40, STATES, UNITS), numbers(41, STATES, UNITS), numbers(42, STATES, HIDDEN), numbers(43, UNITS, PATTERNS)
    W = numbers(44, UNITS, UNITS)
    W = (W + W.t()) / 2
    W.fill_diagonal_(0)
    pairs = {"W": numbers(45, UNITS, HIDDEN), "b": numbers(46, HIDDEN), "c": numbers(47, UNITS)}
    dense = {"polynomial(2)": polynomial(2), "polynomial(3)": polynomial(3), "polynomial(6)": polynomial(6),
             "exponential(1)": exponential(1), "exponential(0.3)": exponential(0.3), "softmax(1)": softmax(1), "softmax(4)": softmax(4)}
    return {"cases": [case("hopfield", hopfield, {"s": s}, {"W": W, "b": numbers(48, UNITS)}),
                      *(case(name, f, {"s": s}, {"X": X}) for name, f in dense.items()),
                      case("bam", bam, {"v": v, "h": h}, pairs)],
            "attention": attention(s, X)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed file instead of writing it")
    value = json.loads(json.dumps(values()))
    if not parser.parse_args().check:
        (ROOT / FILE).write_text(text(value) + "\n")
        return
    found = difference(FILE, json.loads((ROOT / FILE).read_text()), value)
    print(found or f"{FILE}: as PyTorch {torch.__version__} gives it")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
