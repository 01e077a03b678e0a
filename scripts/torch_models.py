#!/usr/bin/env python3
"""Models of Capas in PyTorch, by the official safetensors package.

    python3 scripts/torch_models.py FILE ...          loads files of models.Save and prints the modules
    python3 scripts/torch_models.py --exchange DIR    what the test of models does with PyTorch, see below

Needs PyTorch and safetensors. Debian 12: apt-get install python3-torch, then
/usr/bin/python3 -m pip install --break-system-packages --no-deps safetensors==0.8.0

load(FILE) shows how little is needed: the metadata entry "capas.model" says which modules to make, and the file is their
state_dict (strict). --exchange takes every NAME.safetensors in DIR with NAME.values.safetensors beside it, which holds
examples x and what Capas computed from them, and compares that with what the module computes, to 1e-5 relative to
max(1, |value|). Then it draws other weights and writes NAME.torch.safetensors, a state_dict without any metadata, and
NAME.torch.values.safetensors. Exit status 1 if anything differs.
"""
import argparse
import json
import math
import pathlib
import sys

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

TOLERANCE = 1e-5


class LeCunTanh(nn.Module):
    def forward(self, z):
        return 1.7159 * torch.tanh(2 * z / 3)


ACTIVATIONS = {"linear": nn.Identity, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "lecun-tanh": LeCunTanh, "relu": nn.ReLU,
               "softplus": nn.Softplus, "softsign": nn.Softsign, "softmax": lambda: nn.Softmax(dim=1)}
OUTPUTS = {"classes": lambda: nn.Softmax(dim=1), "binary": nn.Sigmoid, "numeric": nn.Identity}


def activation(name):
    """The module for a name such as "tanh" or "leaky-relu(0.01)"."""
    if name.startswith("leaky-relu("):
        return nn.LeakyReLU(float(name[len("leaky-relu("):-1]))
    return ACTIVATIONS[name]()


def sequential(layers):
    modules = []
    for layer in layers:
        modules += [nn.Linear(layer["inputs"], layer["units"]), activation(layer["activation"])]
    return modules


class MLP(nn.Sequential):
    """The logits; the last layer has no activation."""

    def __init__(self, d):
        super().__init__(*sequential(d["layers"])[:-1])
        self.last = [OUTPUTS[d["output"]]()]  # in a list, it is no part of the state_dict

    def outputs(self, x):
        z = self(x)
        return {"logits": z, "output": self.last[0](z)}


class ConvNet(nn.Sequential):
    """The logits of images that are given as rows of a matrix."""

    def __init__(self, d):
        modules, dense = [], [l for l in d["layers"] if "conv" not in l]
        for layer in d["layers"][:len(d["layers"]) - len(dense)]:
            c = layer["conv"]
            o, pool, f = c.get("conv", {}), c.get("pool"), activation(layer["activation"])
            modules.append(nn.Conv2d(c["image"][0], c["maps"], c["kernel"], [s or 1 for s in o.get("stride", [1, 1])], o.get("pad", [0, 0])))
            if c.get("norm"):
                modules.append(nn.BatchNorm2d(c["maps"], c["epsilon"], c["momentum"]))
            if pool:
                stride = [s or w for s, w in zip(pool.get("stride", [0, 0]), pool["window"])]
                modules += [f, nn.AvgPool2d(pool["window"], stride, pool.get("pad", 0))] if c.get("average") else [nn.MaxPool2d(pool["window"], stride, pool.get("pad", 0)), f]
            else:
                modules.append(f)
        super().__init__(*modules, nn.Flatten(), *sequential(dense)[:-1])
        self.image = d["layers"][0]["conv"]["image"] if modules else [d["layers"][0]["inputs"], 1, 1]
        self.last = [OUTPUTS[d["output"]]()]

    def outputs(self, x):
        z = self(x.reshape(-1, *self.image))
        return {"logits": z, "output": self.last[0](z)}


class ConvGenerator(nn.Sequential):
    """The images of codes, as rows of a matrix, before the activation of the outputs."""

    def __init__(self, d):
        modules, below = [], None
        for layer in d["layers"]:
            up, o = layer["up"], layer["up"].get("conv", {})
            if below is None:
                modules += [nn.Linear(layer["inputs"], layer["units"]), nn.Unflatten(1, up["made"])]
            else:
                modules.append(nn.ConvTranspose2d(below, up["made"][0], up["kernel"], [s or 1 for s in o.get("stride", [1, 1])], o.get("pad", [0, 0]), up.get("extra", [0, 0])))
            if up.get("norm"):
                modules.append(nn.BatchNorm2d(up["made"][0], up["epsilon"], up["momentum"]))
            modules.append(activation(layer["activation"]))
            below = up["made"][0]
        super().__init__(*modules)
        self.last = [OUTPUTS[d["output"]]()]

    def outputs(self, x):
        z = self(x).flatten(1)
        return {"logits": z, "output": self.last[0](z)}


class Bias(nn.Module):
    """What a decoder with tied weights has of its own."""

    def __init__(self, n):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(n))


class Autoencoder(nn.Module):
    def __init__(self, layer):
        super().__init__()
        n, k = layer["inputs"], layer["units"]
        self.tied = layer.get("tied", False)
        self.encoder = nn.Linear(n, k)
        self.decoder = Bias(n) if self.tied else nn.Linear(k, n)
        self.f, self.last = activation(layer["activation"]), OUTPUTS[layer["output"]]()

    def encode(self, x):
        return self.f(self.encoder(x))

    def decode(self, h):
        return self.last(F.linear(h, self.encoder.weight.t(), self.decoder.bias) if self.tied else self.decoder(h))

    def outputs(self, x):
        h = self.encode(x)
        return {"code": h, "reconstruction": self.decode(h)}


class DeepAutoencoder(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.encoder = nn.Sequential(*sequential(d["layers"]))
        self.decoder = nn.Sequential(*sequential(d["decoder"])[:-1], OUTPUTS[d["output"]]())

    def outputs(self, x):
        h = self.encoder(x)
        return {"code": h, "reconstruction": self.decoder(h)}


class RBM(nn.Module):
    def __init__(self, layer):
        super().__init__()
        n, k = layer["inputs"], layer["units"]
        self.weight = nn.Parameter(torch.zeros(k, n))
        self.hidden_bias, self.visible_bias = nn.Parameter(torch.zeros(k)), nn.Parameter(torch.zeros(n))

    def up(self, v):
        return torch.sigmoid(F.linear(v, self.weight, self.hidden_bias))

    def down(self, h):
        return torch.sigmoid(F.linear(h, self.weight.t(), self.visible_bias))

    def energy(self, v):
        """-log of the sum over h of e^-E(v,h)"""
        return -v @ self.visible_bias - F.softplus(F.linear(v, self.weight, self.hidden_bias)).sum(1)

    def outputs(self, x):
        return Stack([self]).outputs(x)


class Stack(nn.Module):
    """A DBN or a stack of autoencoders."""

    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def outputs(self, x):
        out = {}
        for i, layer in enumerate(self.layers):
            if isinstance(layer, RBM):
                out[f"energy.{i}"], h = layer.energy(x), layer.up(x)
                out[f"hidden.{i}"], out[f"visible.{i}"] = h, layer.down(h)
            else:
                h = layer.encode(x)
                out[f"code.{i}"], out[f"reconstruction.{i}"] = h, layer.decode(h)
            x = h
        return out


class DBM(nn.Module):
    """The mean field of all hidden layers after two updates, and -E(v,q) + H(q), a bound of log p(v) + log Z."""

    def __init__(self, d):
        super().__init__()
        self.layers = nn.ModuleList(nn.Module() for _ in d["layers"])
        for i, (module, layer) in enumerate(zip(self.layers, d["layers"])):
            module.weight = nn.Parameter(torch.zeros(layer["units"], layer["inputs"]))
            module.hidden_bias = nn.Parameter(torch.zeros(layer["units"]))
            if i == 0:
                module.visible_bias = nn.Parameter(torch.zeros(layer["inputs"]))

    def below(self, q, l):
        return q[l - 1] @ self.layers[l - 1].weight.t()

    def outputs(self, x):
        top, q = len(self.layers), [x]
        for l in range(1, top + 1):
            q.append(torch.sigmoid((2 if l < top else 1) * self.below(q, l) + self.layers[l - 1].hidden_bias))
        for _ in range(2):
            for l in range(1, top + 1):
                above = q[l + 1] @ self.layers[l].weight if l < top else 0
                q[l] = torch.sigmoid(self.below(q, l) + above + self.layers[l - 1].hidden_bias)
        bound = x @ self.layers[0].visible_bias
        for l in range(1, top + 1):
            entropy = -(q[l] * q[l].log() + (1 - q[l]) * (1 - q[l]).log()).sum(1)
            bound = bound + ((self.below(q, l) + self.layers[l - 1].hidden_bias) * q[l]).sum(1) + entropy
        return {"bound": bound, **{f"mean_field.{l}": q[l] for l in range(1, top + 1)}}


class BeliefLayer(RBM):
    """A directed layer of a label DBN; untied, it generates by weights of its own."""

    def __init__(self, layer):
        super().__init__(layer)
        if not layer.get("tied", False):
            self.generative_weight = nn.Parameter(torch.zeros_like(self.weight))

    def down(self, h):
        weight = getattr(self, "generative_weight", self.weight)
        return torch.sigmoid(F.linear(h, weight.t(), self.visible_bias))


class LabelRBM(RBM):
    def __init__(self, layer):
        super().__init__(layer)
        self.label_weight = nn.Parameter(torch.zeros(layer["units"], layer["classes"]))
        self.label_bias = nn.Parameter(torch.zeros(layer["classes"]))

    def posterior(self, v):
        """p(t|v), from the free energy of every class"""
        z = F.linear(v, self.weight, self.hidden_bias)
        return torch.softmax(F.softplus(z[:, None, :] + self.label_weight.t()).sum(2) + self.label_bias, 1)

    def outputs(self, x):
        h = self.up(x)
        return {"memory": h, "visible": self.down(h), "posterior": self.posterior(x),
                "labels": torch.softmax(F.linear(h, self.label_weight.t(), self.label_bias), 1)}


class LabelDBN(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList([*(BeliefLayer(l) for l in layers[:-1]), LabelRBM(layers[-1])])

    def outputs(self, x):
        out = {}
        for i, layer in enumerate(self.layers[:-1]):
            x = layer.up(x)
            out[f"hidden.{i}"], out[f"visible.{i}"] = x, layer.down(x)
        return {**out, **self.layers[-1].outputs(x)}


class Hopfield(nn.Linear):
    """The fields of the units; their signs are the next state."""

    def __init__(self, layer):
        super().__init__(layer["inputs"], layer["units"])

    def outputs(self, x):
        # v·W as Capas has it: the weights of a memory are symmetric, those of the test are not.
        return {"field": self(x), "energy": -0.5 * (x * F.linear(x, self.weight)).sum(1) - x @ self.bias}


class DenseHopfield(nn.Module):
    """Patterns, and how much each has of the state."""

    def __init__(self, layer):
        super().__init__()
        self.patterns = nn.Parameter(torch.zeros(layer["units"], layer["inputs"]))
        name, _, number = layer["interaction"].rstrip(")").partition("(")
        self.kind, self.number = name, float(number)

    def energy(self, x):
        n, k, a = self.patterns.shape[1], self.patterns.shape[0], self.number
        if self.kind == "polynomial":
            return -(n / a) * ((F.linear(x, self.patterns) / n) ** a).sum(1)
        e = -torch.logsumexp(a * F.linear(x, self.patterns), 1) / a
        return e + (x * x).sum(1) / 2 + math.log(k) / a if self.kind == "softmax" else e

    def attention(self, x):
        n, a, o = self.patterns.shape[1], self.number, F.linear(x, self.patterns)
        if self.kind == "polynomial":
            return (n / a) * (((o + 2) / n) ** a - ((o - 2) / n) ** a) / 4
        return torch.softmax(a * o, 1)

    def outputs(self, x):
        return {"energy": self.energy(x), "attention": self.attention(x)}


class BAM(RBM):
    def outputs(self, x):
        h = F.linear(x, self.weight, self.hidden_bias)
        v = F.linear(h, self.weight.t(), self.visible_bias)
        return {"field_hidden": h, "field_visible": v, "energy": -(h * h).sum(1) - x @ self.visible_bias}


class Recurrent(nn.Module):
    """Sequences stand one in a row, the first step first; what follows them, a mask of ones, is left out."""

    def __init__(self, d):
        super().__init__()
        s = d["sequence"]
        self.steps, self.inputs, self.each = s["steps"], s["inputs"], s.get("each", False)
        self.last_steps = s.get("last", self.steps)
        cell, both = s["cell"], s.get("bidirectional", False)
        make = {"rnn": nn.RNN, "rnn-relu": lambda *a, **k: nn.RNN(*a, nonlinearity="relu", **k), "lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.rnn = make(self.inputs, s["units"], num_layers=s["layers"], bidirectional=both, batch_first=True)
        self.fc = nn.Linear(s["units"] * (2 if both else 1), s["outputs"])
        self.last = [OUTPUTS[d["output"]]()]

    def forward(self, x):
        h = self.rnn(x[:, :self.steps * self.inputs].reshape(len(x), self.steps, self.inputs))[0]
        if self.each:
            return self.fc(h[:, -self.last_steps:].reshape(-1, h.shape[2]))
        k = self.rnn.hidden_size  # of the two directions, each has its last state at another end
        return self.fc(torch.cat([h[:, -1, :k], h[:, 0, k:]], 1))

    def outputs(self, x):
        z = self(x)
        return {"logits": z, "output": self.last[0](z)}


class Jordan(nn.Module):
    def __init__(self, d):
        super().__init__()
        s = d["sequence"]
        self.steps, self.inputs, self.f = s["steps"], s["inputs"], activation(s["function"])
        self.input, self.output = nn.Linear(s["inputs"], s["units"]), nn.Linear(s["units"], s["outputs"])
        self.feedback = nn.Linear(s["outputs"], s["units"], bias=False)
        self.last = [OUTPUTS[d["output"]]()]

    def outputs(self, x):
        y, out = torch.zeros(len(x), self.output.out_features), []
        for t in range(self.steps):
            h = self.f(self.input(x[:, t * self.inputs:(t + 1) * self.inputs]) + self.feedback(y))
            out.append(self.output(h))
            y = torch.sigmoid(out[-1])
        z = torch.stack(out, 1).reshape(-1, self.output.out_features)
        return {"logits": z, "output": self.last[0](z)}


class PolicyValue(nn.Module):
    """The logits of the moves and the value of positions that are given as rows of a matrix."""

    def __init__(self, d):
        super().__init__()
        net = ConvNet({"layers": d["layers"], "output": "numeric"})
        self.trunk, self.image = nn.Sequential(*net, activation(d["layers"][-1]["activation"])), net.image
        self.policy, self.value = (nn.Linear(l["inputs"], l["units"]) for l in d["heads"])

    def outputs(self, x):
        h = self.trunk(x.reshape(-1, *self.image))
        return {"policy": self.policy(h), "value": torch.tanh(self.value(h))}


KINDS = {"mlp": MLP, "convnet": ConvNet, "conv generator": ConvGenerator, "policy-value network": PolicyValue,
         "recurrent": Recurrent, "jordan": Jordan, "deep autoencoder": DeepAutoencoder,
         "autoencoder": lambda d: Autoencoder(d["layers"][0]), "rbm": lambda d: RBM(d["layers"][0]),
         "stacked autoencoder": lambda d: Stack(Autoencoder(l) for l in d["layers"]),
         "dbm": DBM, "dbn": lambda d: Stack(RBM(l) for l in d["layers"]),
         "label rbm": lambda d: LabelRBM(d["layers"][0]), "label dbn": lambda d: LabelDBN(d["layers"]),
         "hopfield": lambda d: Hopfield(d["layers"][0]), "dense hopfield": lambda d: DenseHopfield(d["layers"][0]),
         "bam": lambda d: BAM(d["layers"][0])}


def load(path):
    """The module of a file of models.Save."""
    with safe_open(path, framework="pt") as f:
        d = json.loads(f.metadata()["capas.model"])
    net = KINDS[d["kind"]](d)
    net.load_state_dict(load_file(path), strict=True)
    return net.eval()


def exchange(path):
    """The other side of TestPyTorchExchange in models: returns what differs."""
    net, values = load(path), load_file(path.with_suffix(".values.safetensors"))
    x = values.pop("x")
    with torch.no_grad():
        got = net.outputs(x)
        wrong = [f"{path.name}: want outputs {sorted(got)}, got {sorted(values)}"] if got.keys() != values.keys() else []
        for name in sorted(got.keys() & values.keys()):
            want, y = got[name], values[name]
            if want.shape != y.shape:
                wrong.append(f"{path.name}: {name}: PyTorch gives shape {list(want.shape)}, Capas {list(y.shape)}")
            elif not ((y - want).abs() <= TOLERANCE * want.abs().clamp(min=1)).all():
                wrong.append(f"{path.name}: {name}: differs by {(y - want).abs().max().item():.3g}")
            else:
                print(f"{path.name}: {name}: as PyTorch gives it, to {(y - want).abs().max().item():.1e}")
        for p in net.parameters():
            p.uniform_(-1, 1).mul_(1 / p.shape[-1] ** 0.5)
        for name, b in net.named_buffers():  # running statistics of batch normalisation, and how many batches they saw
            b.copy_(torch.rand(b.shape) + 0.5)
        save_file({name: v.float() for name, v in net.state_dict().items()}, path.with_suffix(".torch.safetensors"))
        outputs = {name: y.clone() for name, y in net.outputs(x).items()}
        save_file({"x": x, **outputs}, path.with_suffix(".torch.values.safetensors"))
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--exchange", metavar="DIR", type=pathlib.Path)
    args = parser.parse_args()
    if not args.files and not args.exchange:
        parser.error("want files, or --exchange")
    for path in args.files:
        print(f"{path}: {load(path)}")
    if args.exchange:
        torch.manual_seed(1)
        values = sorted(args.exchange.glob("*.values.safetensors"))
        if not values:
            sys.exit(f"{args.exchange}: has no NAME.values.safetensors")
        wrong = [w for v in values for w in exchange(v.with_suffix("").with_suffix(".safetensors"))]
        print("\n".join(wrong))
        sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
