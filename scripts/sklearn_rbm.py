#!/usr/bin/env python3
"""One step of scikit-learn's BernoulliRBM on a batch, of the sizes of the RBM workloads of scripts/bench.

    python3 scripts/sklearn_rbm.py [--seconds 3] [--threads N] [WORKLOAD ...]

The algorithm is another one: persistent CD with one chain an example (Tieleman 2008), without momentum and weight decay, on binary
states. It has the same five matrix products. Inputs and weights are float32, the fastest that scikit-learn offers. A step is a call
of partial_fit. Prints a JSON line a workload, as scripts/torch_step.py does. Debian 12: apt-get install python3-sklearn
libopenblas0-pthread, run with /usr/bin/python3.
"""
import argparse
import json
import os
import sys
import time

settings = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}  # they may force slow kernels
threads = sys.argv[sys.argv.index("--threads") + 1] if "--threads" in sys.argv[:-1] else "0"
if threads != "0":
    settings["OMP_NUM_THREADS"] = threads  # which OpenBLAS reads as it is loaded
if settings != dict(os.environ):
    os.execve(sys.executable, [sys.executable, *sys.argv], settings)

import numpy as np
import sklearn
from sklearn.neural_network import BernoulliRBM

WORKLOADS = {"rbm-784-500-b10": (784, 500, 10), "rbm-784-500-b100": (784, 500, 100), "rbm-500-2000-b100": (500, 2000, 100)}


def measure(step, seconds):
    """Times of single steps in µs, in rising order."""
    for _ in range(5):
        step()
    times, start = [], time.perf_counter()
    while not times or time.perf_counter() - start < seconds:
        t = time.perf_counter()
        step()
        times.append((time.perf_counter() - t) * 1e6)
    return sorted(times)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seconds", type=float, default=3)
    ap.add_argument("--threads", type=int, default=0)
    ap.add_argument("workloads", nargs="*", metavar="WORKLOAD")
    args = ap.parse_args()
    unknown = [w for w in args.workloads if w not in WORKLOADS]
    if unknown:
        ap.error(f"workload {unknown[0]} is unknown, want one of {', '.join(WORKLOADS)}")
    for name in args.workloads or WORKLOADS:
        visible, hidden, batch = WORKLOADS[name]
        x = np.random.default_rng(0).random((batch, visible), dtype=np.float32)
        rbm = BernoulliRBM(hidden, learning_rate=0.1, batch_size=batch, n_iter=1, random_state=0)
        rbm.fit(x)  # makes the weights, as float32; partial_fit alone would make float64
        times = measure(lambda: rbm.partial_fit(x), args.seconds)
        print(json.dumps({"name": name, "median_us": round(times[len(times) // 2], 1), "min_us": round(times[0], 1),
                          "gflop": 5 * 2 * batch * visible * hidden / 1e9, "sklearn": sklearn.__version__,
                          "threads": args.threads or os.cpu_count()}), flush=True)


if __name__ == "__main__":
    main()
