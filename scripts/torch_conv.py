#!/usr/bin/env python3
"""Reference values from PyTorch for convolution, pooling and batch normalisation.

    python3 scripts/torch_conv.py            writes the files below
    python3 scripts/torch_conv.py --check    exit status 1 if they differ from what PyTorch gives now

autodiff/ops/testdata/torch_conv.json   convolutions, transposed ones, poolings: values and gradients
blocks/testdata/torch_batchnorm.json    batch normalisation: values, gradients, running statistics over three batches
models/testdata/torch_convnet.json      a small LeNet with batch normalisation: loss and gradients, in training and evaluated

As torch_values.py: in float64, from fixed numbers.
"""
import torch
import torch.nn.functional as F

from torch_values import main, numbers


def flat(t):
    return {"shape": list(t.shape), "data": t.detach().flatten().tolist()}


# images, kernels, stride, padding
CONVOLUTIONS = {
    "3×3": ((2, 2, 5, 6), (3, 2, 3, 3), (1, 1), (0, 0)),
    "5×5 of one channel": ((2, 1, 8, 8), (4, 1, 5, 5), (1, 1), (0, 0)),
    "padded": ((1, 2, 4, 5), (2, 2, 3, 3), (1, 1), (1, 1)),
    "strided": ((2, 1, 7, 6), (2, 1, 3, 2), (2, 3), (0, 0)),
    "strided and padded": ((2, 2, 6, 7), (3, 2, 4, 4), (2, 2), (1, 1)),
    "padding beyond the kernel": ((1, 1, 3, 3), (2, 1, 2, 2), (1, 1), (2, 3)),
    "kernel of the image's size": ((3, 2, 3, 4), (2, 2, 3, 4), (1, 1), (0, 0)),
    "1×1": ((2, 3, 3, 3), (2, 3, 1, 1), (1, 1), (0, 0)),
    "stride beyond the kernel": ((1, 2, 7, 7), (2, 2, 2, 2), (3, 3), (0, 0)),
}

# maps, kernels, stride, padding, output padding
TRANSPOSED = {
    "3×3": ((2, 3, 4, 3), (3, 2, 3, 3), (1, 1), (0, 0), (0, 0)),
    "doubling": ((2, 2, 3, 4), (2, 3, 4, 4), (2, 2), (1, 1), (0, 0)),
    "with output padding": ((1, 2, 3, 3), (2, 2, 3, 3), (2, 2), (1, 1), (1, 1)),
    "one pixel": ((2, 3, 1, 1), (3, 2, 4, 3), (1, 1), (0, 0), (0, 0)),
}

# kind, images, window, stride, padding
POOLINGS = {
    "max": ("max", (2, 2, 4, 6), (2, 2), (2, 2), (0, 0)),
    "max with a rest": ("max", (1, 2, 5, 7), (2, 3), (2, 3), (0, 0)),
    "max, overlapping": ("max", (2, 1, 7, 7), (3, 3), (2, 2), (0, 0)),
    "max, padded": ("max", (1, 2, 6, 5), (3, 3), (2, 2), (1, 1)),
    "average": ("average", (2, 2, 4, 6), (2, 3), (2, 3), (0, 0)),
    "average, overlapping": ("average", (2, 1, 6, 7), (3, 3), (2, 2), (0, 0)),
    "average, padded": ("average", (1, 2, 6, 5), (3, 2), (2, 2), (1, 1)),
}


def conv():
    out = {"convolutions": [], "transposed": [], "poolings": []}
    for i, (name, (x, w, stride, pad)) in enumerate(CONVOLUTIONS.items()):
        x, w = numbers(100 + i, *x).requires_grad_(True), numbers(120 + i, *w).requires_grad_(True)
        y = F.conv2d(x, w, stride=stride, padding=pad)
        dy = numbers(140 + i, *y.shape)
        y.backward(dy)
        out["convolutions"].append({"name": name, "stride": stride, "pad": pad, "in": flat(x), "w": flat(w), "out": flat(y), "dOut": flat(dy), "dIn": flat(x.grad), "dW": flat(w.grad)})
    for i, (name, (x, w, stride, pad, extra)) in enumerate(TRANSPOSED.items()):
        x, w = numbers(160 + i, *x).requires_grad_(True), numbers(180 + i, *w).requires_grad_(True)
        y = F.conv_transpose2d(x, w, stride=stride, padding=pad, output_padding=extra)
        dy = numbers(200 + i, *y.shape)
        y.backward(dy)
        out["transposed"].append({"name": name, "stride": stride, "pad": pad, "in": flat(x), "w": flat(w), "out": flat(y), "dOut": flat(dy), "dIn": flat(x.grad), "dW": flat(w.grad)})
    for i, (name, (kind, x, window, stride, pad)) in enumerate(POOLINGS.items()):
        x = numbers(220 + i, *x).requires_grad_(True)
        y = {"max": F.max_pool2d, "average": F.avg_pool2d}[kind](x, window, stride, pad)
        dy = numbers(240 + i, *y.shape)
        y.backward(dy)
        out["poolings"].append({"name": name, "kind": kind, "window": window, "stride": stride, "pad": pad, "in": flat(x), "out": flat(y), "dOut": flat(dy), "dIn": flat(x.grad)})
    return out


def batch_norm():
    out = []
    for i, (name, shape) in enumerate({"images": (3, 2, 2, 3), "units": (4, 3)}.items()):
        c = shape[1]
        net = (torch.nn.BatchNorm2d if len(shape) == 4 else torch.nn.BatchNorm1d)(c)
        with torch.no_grad():
            net.weight.copy_(1 + numbers(260 + i, c) / 2)
            net.bias.copy_(numbers(270 + i, c))
        case = {"name": name, "gamma": flat(net.weight), "beta": flat(net.bias), "batches": []}
        for b in range(3):
            x = (3 * numbers(280 + 10 * i + b, *shape) + b).requires_grad_(True)
            net.zero_grad()
            y = net(x)
            dy = numbers(300 + 10 * i + b, *shape)
            y.backward(dy)
            case["batches"].append({"x": flat(x), "y": flat(y), "dy": flat(dy), "dx": flat(x.grad), "dGamma": flat(net.weight.grad), "dBeta": flat(net.bias.grad),
                                    "mean": flat(net.running_mean), "variance": flat(net.running_var)})
        net.eval()
        x = numbers(320 + i, *shape)
        case["evaluated"] = {"x": flat(x), "y": flat(net(x))}
        out.append(case)
    return out


def convnet():
    nn = torch.nn
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.MaxPool2d(2), nn.Tanh(), nn.Conv2d(3, 4, 2, padding=1), nn.BatchNorm2d(4), nn.Tanh(), nn.AvgPool2d(2),
                        nn.Flatten(), nn.Linear(16, 5), nn.Tanh(), nn.Linear(5, 3))
    x, labels = numbers(350, 6, 1, 10, 9), torch.arange(6) % 3
    with torch.no_grad():
        for i, p in enumerate(net.parameters()):
            p.copy_(numbers(360 + i, *p.shape) / 2 + (1 if i == 4 else 0))  # γ near 1
    out = {"x": flat(x), "labels": labels.tolist(), "params": {n: flat(p) for n, p in net.named_parameters()}}
    loss = F.cross_entropy(net(x), labels)
    loss.backward()
    out |= {"loss": loss.item(), "gradients": {n: flat(p.grad) for n, p in net.named_parameters()}}
    net.eval()
    net.zero_grad()
    loss = F.cross_entropy(net(x), labels)
    return out | {"evaluated": loss.item(), "buffers": {n: flat(b) for n, b in net.named_buffers() if b.dim() > 0}}


if __name__ == "__main__":
    main({"autodiff/ops/testdata/torch_conv.json": conv, "blocks/testdata/torch_batchnorm.json": batch_norm, "models/testdata/torch_convnet.json": convnet}, __doc__)
