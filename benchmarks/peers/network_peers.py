#!/usr/bin/python3
"""Training steps of velocity networks: PyTorch beside flowcheck, one run, one thread, CPU time.

  network_peers.py build/release/bin/network_benchmark [--repetitions K]

Runs the benchmark (Google Benchmark, JSON), then the same steps in PyTorch: draws, loss, gradient by
autograd, torch.optim.Adam; a JKO block's divergence by autograd with create_graph, one probe a point or
one product a coordinate. Each number is the best of K. Needs python3-torch; which BLAS it multiplies with
is decided by libblas.so.3, so run it with OpenBLAS's (libopenblas0-serial) in LD_LIBRARY_PATH: the
reference one makes PyTorch look several times slower than it is.
"""

import argparse
import json
import math
import os
import subprocess
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before PyTorch reads them

import torch  # noqa: E402

torch.set_num_threads(1)
DATA = torch.randn(100_000, 2, dtype=torch.float64)


def network(width, inputs, activation, dtype):
    sizes = [inputs, width, width, width]
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(a, b), activation()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, 2)).to(dtype)


def trainer(net, loss):
    adam = torch.optim.Adam(net.parameters(), lr=1e-4)

    def step():
        adam.zero_grad(set_to_none=True)
        loss(net).backward()
        adam.step()

    return step


def flow_matching(batch, gamma, dtype):
    data = DATA.to(dtype)

    def loss(net):
        x0 = data[torch.randint(len(data), (batch,))]
        g = torch.randn(batch, 2, dtype=dtype)
        x1 = g if gamma is None else math.exp(-gamma) * x0 + math.sqrt(-math.expm1(-2 * gamma)) * g
        t = torch.rand(batch, 1, dtype=dtype)
        v = net(torch.cat([(1 - t) * x0 + t * x1, t], dim=1))
        return ((v - (x1 - x0)) ** 2).sum(dim=1).mean()

    return loss


def jko_block(batch, exact, steps=3, gamma=0.5):
    data = DATA.to(torch.float32)

    def rate(net, x, e):
        v = net(x)
        if exact:
            div = sum(torch.autograd.grad(v[:, k].sum(), x, create_graph=True)[0][:, k] for k in range(2))
        else:
            div = (torch.autograd.grad((v * e).sum(), x, create_graph=True)[0] * e).sum(dim=1)
        return v, div

    def loss(net):
        x0 = data[torch.randint(len(data), (batch,))].requires_grad_(True)
        e = torch.randn(batch, 2)
        x, total, h = x0, torch.zeros(batch), 1.0 / steps
        for _ in range(steps):
            k1, d1 = rate(net, x, e)
            k2, d2 = rate(net, x + h / 2 * k1, e)
            k3, d3 = rate(net, x + h / 2 * k2, e)
            k4, d4 = rate(net, x + h * k3, e)
            x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            total = total + h / 6 * (d1 + 2 * d2 + 2 * d3 + d4)
        return ((x**2).sum(1) / 2 - total + ((x - x0) ** 2).sum(1) / (2 * gamma)).mean()

    return loss


def seconds(step, steps, repetitions):
    for _ in range(max(1, steps // 10)):
        step()
    best = math.inf
    for _ in range(repetitions):
        start = time.process_time()
        for _ in range(steps):
            step()
        best = min(best, (time.process_time() - start) / steps)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark")
    parser.add_argument("--repetitions", type=int, default=5)
    args = parser.parse_args()

    softplus = lambda: torch.nn.Softplus(beta=20)  # noqa: E731
    peers = {}
    for name, dtype in (("float", torch.float32), ("double", torch.float64)):
        peers["fm_3x64/" + name] = (
            trainer(network(64, 3, torch.nn.SiLU, dtype), flow_matching(256, None, dtype)), 200)
        peers["lfm_3x256/" + name] = (
            trainer(network(256, 3, softplus, dtype), flow_matching(10_000, 0.1, dtype)), 4)
    for name, exact in (("hutchinson", False), ("exact", True)):
        peers["jko_3x128/" + name] = (
            trainer(network(128, 2, softplus, torch.float32), jko_block(2000, exact)), 2)

    output = subprocess.run(
        [args.benchmark, "--benchmark_format=json", f"--benchmark_repetitions={args.repetitions}"],
        check=True, capture_output=True, text=True).stdout
    ours = {}
    for run in json.loads(output)["benchmarks"]:
        if run["run_type"] == "iteration":
            name = run["run_name"]
            ours[name] = max(ours.get(name, (0, 0, 0)), (run["steps"], run["flops"], run.get("peak_share", math.nan)))

    print(f"{'step':22} {'flowcheck':>12} {'GFLOP/s':>8} {'of peak':>8} {'torch':>12} {'times':>6}")
    for name, (rate, flops, share) in ours.items():
        step, steps = peers[name]
        torch_time = seconds(step, steps, args.repetitions)
        print(f"{name:22} {1e3 / rate:9.3f} ms {flops / 1e9:8.1f} {share:8.2f} {1e3 * torch_time:9.3f} ms"
              f" {torch_time * rate:6.1f}")


if __name__ == "__main__":
    main()
