#!/usr/bin/env python3
"""One training step of the workloads of scripts/bench in PyTorch, to compare with.

    python3 scripts/torch_step.py [--seconds 3] [--threads N] [WORKLOAD ...]
    python3 scripts/torch_step.py --values           writes scripts/bench/testdata/torch_steps.json
    python3 scripts/torch_step.py --check            exit status 1 if that file differs from what PyTorch gives now

Prints a JSON line a workload: name, median_us, min_us, gflop (the arithmetic of the step's matrix products, 2*m*k*n each, in 1e9), torch,
threads. The file holds weights after steps on small versions of the same models, made by the same functions, with which a Go test
compares what scripts/bench runs. Debian 12: apt-get install python3-torch libopenblas0-pthread, run with /usr/bin/python3.
"""
import argparse
import json
import os
import pathlib
import sys
import time

settings = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}  # they may force slow kernels
threads = sys.argv[sys.argv.index("--threads") + 1] if "--threads" in sys.argv[:-1] else "0"
if threads != "0":
    settings["OMP_NUM_THREADS"] = threads  # which OpenBLAS reads as it is loaded; torch.set_num_threads does not tell it
if settings != dict(os.environ):
    os.execve(sys.executable, [sys.executable, *sys.argv], settings)

import torch
import torch.nn.functional as F
from torch import nn

FILE = pathlib.Path(__file__).resolve().parent / "bench/testdata/torch_steps.json"


class MLP:
    """Hidden layers of one activation, softmax and cross-entropy; momentum 0.9 at rate 0.01, or Adam's defaults."""

    def __init__(self, sizes, activation, batch, adam=False):
        modules = []
        for n, k in zip(sizes, sizes[1:]):
            modules += [nn.Linear(n, k), activation()]
        self.net, self.loss = nn.Sequential(*modules[:-1]), nn.CrossEntropyLoss()
        self.x, self.labels = torch.rand(batch, sizes[0]), torch.randint(sizes[-1], (batch,))
        params = self.net.parameters()
        self.optimizer = torch.optim.Adam(params) if adam else torch.optim.SGD(params, 0.01, momentum=0.9)
        products = [2 * batch * n * k for n, k in zip(sizes, sizes[1:])]
        self.flop = 3 * sum(products) - products[0]  # the input needs no gradient

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(self.net(self.x), self.labels).backward()
        self.optimizer.step()

    def params(self):
        """As Capas orders and keeps them: W (in, out), b, from the input up."""
        return [p.t() if p.dim() == 2 else p for p in self.net.parameters()]


class RBM:
    """CD-1, hidden units sampled, probabilities in the statistics; rate 0.1, momentum 0.5 and weight decay 0.0002 on W."""

    RATE, MOMENTUM, DECAY = 0.1, 0.5, 0.0002

    def __init__(self, visible, hidden, batch):
        self.W, self.b, self.c = torch.randn(visible, hidden) * 0.01, torch.zeros(hidden), torch.zeros(visible)
        self.velocity, self.x = torch.zeros(visible, hidden), torch.rand(batch, visible)
        self.flop = 5 * 2 * batch * visible * hidden

    @torch.no_grad()
    def step(self):
        v0 = self.x
        h0 = torch.sigmoid(torch.addmm(self.b, v0, self.W))
        sample = (torch.rand_like(h0) < h0).to(h0.dtype)
        v1 = torch.sigmoid(torch.addmm(self.c, sample, self.W.t()))
        h1 = torch.sigmoid(torch.addmm(self.b, v1, self.W))
        statistics = torch.addmm(v0.t() @ h0, v1.t(), h1, alpha=-1)
        self.velocity.mul_(self.MOMENTUM).add_(statistics, alpha=self.RATE / len(v0)).add_(self.W, alpha=-self.RATE * self.DECAY)
        self.W += self.velocity
        self.b.add_((h0 - h1).mean(0), alpha=self.RATE)
        self.c.add_((v0 - v1).mean(0), alpha=self.RATE)

    def params(self):
        return [self.W, self.b, self.c]


class DAE:
    """Denoising autoencoder, tied: a share of the inputs set to 0, sigmoid code, cross-entropy from logits; SGD at rate 0.1."""

    def __init__(self, visible, hidden, batch, masking=0.3):
        self.W = nn.Parameter(torch.randn(visible, hidden) * 0.01)
        self.b, self.c = nn.Parameter(torch.zeros(hidden)), nn.Parameter(torch.zeros(visible))
        self.x, self.masking = torch.rand(batch, visible), masking
        self.optimizer = torch.optim.SGD(self.params(), 0.1)
        self.flop = 5 * 2 * batch * visible * hidden

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        corrupted = self.x * (torch.rand_like(self.x) >= self.masking)
        logits = torch.addmm(self.c, torch.sigmoid(torch.addmm(self.b, corrupted, self.W)), self.W.t())
        F.binary_cross_entropy_with_logits(logits, self.x, reduction="sum").div(len(self.x)).backward()
        self.optimizer.step()

    def params(self):
        return [self.W, self.b, self.c]


class LeNet:
    """The Deep Learning Tutorials': two convolutions of 5×5 with pooling and tanh, a hidden layer; SGD at rate 0.1."""

    def __init__(self, side, first, second, hidden, classes, batch):
        flat = second * (((side - 4) // 2 - 4) // 2) ** 2
        self.net = nn.Sequential(nn.Conv2d(1, first, 5), nn.MaxPool2d(2), nn.Tanh(), nn.Conv2d(first, second, 5), nn.MaxPool2d(2), nn.Tanh(),
                                 nn.Flatten(), nn.Linear(flat, hidden), nn.Tanh(), nn.Linear(hidden, classes))
        self.x, self.labels, self.loss = torch.rand(batch, 1, side, side), torch.randint(classes, (batch,)), nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.net.parameters(), 0.1)
        c1 = 2 * batch * (side - 4) ** 2 * first * 25
        c2 = 2 * batch * ((side - 4) // 2 - 4) ** 2 * second * first * 25
        self.flop = 2 * c1 + 3 * c2 + 3 * 2 * batch * (flat * hidden + hidden * classes)  # the images need no gradient

    step, params = MLP.step, MLP.params


PAPER = [784, 500, 500, 2000, 10]
WORKLOADS = {
    "mlp-500-500-2000-b10": lambda: MLP(PAPER, nn.Sigmoid, 10),
    "mlp-500-500-2000-b100": lambda: MLP(PAPER, nn.Sigmoid, 100),
    "mlp-500-500-2000-b100-adam": lambda: MLP(PAPER, nn.Sigmoid, 100, adam=True),
    "mlp-tiny-b32": lambda: MLP([64, 32, 10], nn.Tanh, 32),
    "lenet-b100": lambda: LeNet(28, 20, 50, 500, 10, 100),
    "rbm-784-500-b10": lambda: RBM(784, 500, 10),
    "rbm-784-500-b100": lambda: RBM(784, 500, 100),
    "rbm-500-2000-b100": lambda: RBM(500, 2000, 100),
    "dae-784-1000-b20": lambda: DAE(784, 1000, 20),
}


def measure(work, seconds):
    """Times of single steps in µs, in rising order."""
    for _ in range(5):
        work.step()
    times, start = [], time.perf_counter()
    while not times or time.perf_counter() - start < seconds:
        t = time.perf_counter()
        work.step()
        times.append((time.perf_counter() - t) * 1e6)
    return sorted(times)


# --- values for the Go test ---------------------------------------------------------------------------------------

# Small versions with nothing random in them: no inputs are masked, and hidden units of bias 40 are always on. The biases of an RBM
# have no momentum here and do have it in Capas, which shows from the second step on.
SMALL = {
    "mlp": (lambda: MLP([6, 5, 4, 3], nn.Sigmoid, 7), 3, 0),
    "mlp-adam": (lambda: MLP([6, 5, 4, 3], nn.Sigmoid, 7, adam=True), 3, 0),
    "mlp-tanh": (lambda: MLP([6, 5, 3], nn.Tanh, 7), 3, 0),
    "lenet": (lambda: LeNet(16, 3, 4, 5, 3, 7), 3, 0),
    "rbm": (lambda: RBM(6, 5, 7), 1, 40),
    "dae": (lambda: DAE(6, 5, 7, masking=0), 3, 0),
}


def numbers(count, seed):
    """Multiples of 1/64 in [0, 1) by xorshift32 (Marsaglia 2003), which float32 holds exactly."""
    state, out = seed, []
    for _ in range(count):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        out.append((state >> 26) / 64)
    return torch.tensor(out)


@torch.no_grad()
def fill(work, hidden_bias):
    work.x.copy_(numbers(work.x.numel(), 1).reshape(work.x.shape))
    if isinstance(work, (MLP, LeNet)):
        work.labels.copy_(torch.arange(len(work.labels)) % 3)
    for i, p in enumerate(work.params()):
        p.copy_((numbers(p.numel(), i + 2).reshape(p.shape) - 0.5))
    if hidden_bias:
        work.b.fill_(hidden_bias)


def values():
    torch.set_default_dtype(torch.float64)
    out = {}
    for name, (make, steps, hidden_bias) in SMALL.items():
        work = make()
        fill(work, hidden_bias)
        for _ in range(steps):
            work.step()
        out[name] = {"steps": steps, "params": [p.flatten().tolist() for p in work.params()]}
    torch.set_default_dtype(torch.float32)
    return {"workloads": out, "gflop": {name: make().flop / 1e9 for name, make in WORKLOADS.items()}}


def differs(a, b):
    if isinstance(a, dict):
        return set(a) != set(b) or any(differs(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) != len(b) or any(differs(x, y) for x, y in zip(a, b))
    return abs(a - b) > 1e-12 * max(1, abs(a))  # PyTorch's own rounding may change


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seconds", type=float, default=3)
    ap.add_argument("--threads", type=int, default=0)
    ap.add_argument("--values", action="store_true")
    ap.add_argument("--check", action="store_true")
    ap.add_argument("workloads", nargs="*", metavar="WORKLOAD")
    args = ap.parse_args()
    unknown = [w for w in args.workloads if w not in WORKLOADS]
    if unknown:
        ap.error(f"workload {unknown[0]} is unknown, want one of {', '.join(WORKLOADS)}")
    if args.values:
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(json.dumps(values(), indent=1) + "\n")
        return
    if args.check:
        if differs(json.loads(FILE.read_text()), values()):
            sys.exit(f"{FILE} differs from what PyTorch {torch.__version__} gives")
        return
    threads = args.threads or os.cpu_count()
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    for name in args.workloads or WORKLOADS:
        work = WORKLOADS[name]()
        times = measure(work, args.seconds)
        print(json.dumps({"name": name, "median_us": round(times[len(times) // 2], 1), "min_us": round(times[0], 1),
                          "gflop": work.flop / 1e9, "torch": torch.__version__, "threads": threads}), flush=True)


if __name__ == "__main__":
    main()
