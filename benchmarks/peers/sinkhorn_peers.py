#!/usr/bin/python3
"""One regularised transport problem against NumPy and POT: one run, the same points, CPU time.

  sinkhorn_peers.py build/release/bin/sinkhorn_benchmark [--repetitions K]

Runs the benchmark (Google Benchmark, JSON), then NumPy's exp-domain loop and POT's log-domain solver
to the same L1 error of the marginals. Needs python3-pot and python3-numpy.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy reads them

import numpy as np  # noqa: E402
import ot  # noqa: E402

TOLERANCE = 1e-6  # L1 error of the marginals
CHECKED_EVERY = 5  # iterations


def numpy_loop(cost, epsilon):
    n = len(cost)
    weights = np.full(n, 1.0 / n)
    kernel = np.exp(-cost / epsilon)
    v = np.ones(n)
    iterations = 0
    while True:
        u = weights / (kernel @ v)
        v = weights / (kernel.T @ u)
        iterations += 1
        if iterations % CHECKED_EVERY == 0 and np.abs(u * (kernel @ v) - weights).sum() <= TOLERANCE:
            return iterations


def pot_log(cost, epsilon):
    # POT stops on the Euclidean norm of the marginal's error; smaller than L1 by up to sqrt(n).
    n = len(cost)
    weights = np.full(n, 1.0 / n)
    threshold = TOLERANCE / np.sqrt(n)
    _, log = ot.sinkhorn(weights, weights, cost, epsilon, method="sinkhorn_log", stopThr=threshold,
                         numItermax=100000, log=True)
    return log["niter"]


def timed(function, repetitions):
    least = float("inf")
    for _ in range(repetitions):
        start = time.process_time()
        iterations = function()
        least = min(least, time.process_time() - start)
    return least, iterations


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="sinkhorn_benchmark")
    parser.add_argument("--repetitions", type=int, default=2, help="the least time of so many")
    arguments = parser.parse_args()
    reached = True
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "benchmark.json"
        subprocess.run([arguments.program, f"--benchmark_out={out}", "--benchmark_out_format=json",
                        f"--benchmark_repetitions={arguments.repetitions}"],
                       check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "FLOWCHECK_BENCHMARK_POINTS": folder})
        rows = {}
        for row in json.loads(out.read_text())["benchmarks"]:
            name = row["name"].split("/repeats")[0]
            if row.get("run_type") != "aggregate" and (
                    name not in rows or row["cpu_time"] < rows[name]["cpu_time"]):
                rows[name] = row
        for name, ours in rows.items():
            n, d = (int(part.split(":")[1]) for part in name.split("/")[1:3])
            x, y = (np.fromfile(pathlib.Path(folder) / f"n{n}_d{d}_{side}.bin").reshape(n, d)
                    for side in "xy")
            cost = ((x[:, None] - y[None]) ** 2).sum(-1)
            for peer, wanted in ((numpy_loop, 2.0), (pot_log, 2.0)):
                seconds, iterations = timed(lambda: peer(cost, ours["epsilon"]),
                                            arguments.repetitions)
                ratio = seconds / (ours["cpu_time"] / 1e3)
                reached &= ratio >= wanted
                print(f"n = {n}, d = {d}: {ours['cpu_time'] / 1e3:.3f} s in {ours['iterations']:.0f}"
                      f" iterations, gap {ours['gap']:.1e}; {peer.__name__} {seconds:.3f} s in"
                      f" {iterations}  x {ratio:.2f} (wanted x {wanted:g}:"
                      f" {'reached' if ratio >= wanted else 'MISSED'})", flush=True)
    return reached


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
