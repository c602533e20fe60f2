#!/usr/bin/python3
"""Exact W2 against POT and SciPy, sorting against NumPy: one run, the same points, CPU time.

  transport_peers.py build/release/bin/transport_benchmark [--repetitions K]
  transport_peers.py --json benchmark.json --points DIR

The first form runs the benchmark itself (Google Benchmark, JSON) before the peers; the second takes
what a run with FLOWCHECK_TRANSPORT_POINTS=DIR --benchmark_out=benchmark.json has written.
Needs python3-pot, python3-scipy and python3-numpy.
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
from scipy.optimize import linear_sum_assignment  # noqa: E402
from scipy.spatial.distance import cdist  # noqa: E402

DISAGREEMENT = 1e-9  # relative, of two exact solvers


def timed(function, repetitions=1):
    """Least CPU time of some calls, and what the last one returned."""
    least = float("inf")
    for _ in range(repetitions):
        start = time.process_time()
        result = function()
        least = min(least, time.process_time() - start)
    return least, result


def pot(x, y):
    weights = np.full(len(x), 1.0 / len(x))
    return ot.emd2(weights, weights, ot.dist(x, y), numItermax=10**8)


def scipy(x, y):
    cost = cdist(x, y, "sqeuclidean")
    rows, columns = linear_sum_assignment(cost)
    return cost[rows, columns].mean()


def numpy_sort(x, y):
    a, b = np.sort(x[:, 0]), np.sort(y[:, 0])
    return a, b


def read_points(folder, n, d):
    return [
        np.fromfile(pathlib.Path(folder) / f"n{n}_d{d}_{name}.bin").reshape(n, d) for name in "xy"
    ]


def run_benchmark(program, folder, repetitions):
    out = pathlib.Path(folder) / "benchmark.json"
    subprocess.run(
        [program, f"--benchmark_out={out}", "--benchmark_out_format=json",
         f"--benchmark_repetitions={repetitions}"],
        check=True, stdout=subprocess.DEVNULL,
        env={**os.environ, "FLOWCHECK_TRANSPORT_POINTS": str(folder)})
    return out


def rows_of(path):
    """Least CPU seconds and the counters by name, of all repetitions."""
    rows = {}
    for row in json.loads(pathlib.Path(path).read_text())["benchmarks"]:
        if row.get("run_type") == "aggregate":
            continue
        name = row["name"].split("/repeats")[0]
        if name not in rows or row["cpu_time"] < rows[name]["cpu_time"]:
            rows[name] = row
    return rows


def report(name, ours, peer, peer_time, wanted):
    seconds = ours["cpu_time"] / 1e3
    ratio = peer_time / seconds
    verdict = "reached" if ratio >= wanted else "MISSED"
    print(f"{name:34s} {seconds:8.3f} s  {peer:18s} {peer_time:8.3f} s  x {ratio:6.2f}"
          f"  (wanted x {wanted:g}: {verdict})  gap {ours['relative_gap']:.1e}"
          f"  peak {ours['peak_MiB']:.1f} MiB", flush=True)
    return ratio >= wanted


def compare(rows, folder, repetitions):
    reached = True
    for d, wanted in ((2, 8.0), (10, 5.0)):
        ours = rows[f"exact_w2/n:5000/d:{d}"]
        x, y = read_points(folder, 5000, d)
        for peer in (pot, scipy):
            seconds, value = timed(lambda: peer(x, y), repetitions)
            reached &= report(f"exact W2, n = 5000, d = {d}", ours, peer.__name__, seconds, wanted)
            if abs(value - ours["squared_w2"]) > DISAGREEMENT * value:
                sys.exit(f"{peer.__name__} says {value!r}, the library {ours['squared_w2']!r}")
            if d == 2 and peer is pot:
                reached &= report("exact W2, n = 10000, d = 2", rows["exact_w2/n:10000/d:2"],
                                  "pot, n = 5000", seconds, 2.0)
    x, y = read_points(folder, 10**6, 1)
    seconds, (a, b) = timed(lambda: numpy_sort(x, y), max(3, repetitions))
    ours = rows["line_w2/n:1000000"]
    reached &= report("W2 on the line, n = 10^6 + 10^6", ours, "numpy sort alone", seconds, 3.0)
    value = np.mean((a - b) ** 2)
    if abs(value - ours["squared_w2"]) > DISAGREEMENT * value:
        sys.exit(f"numpy says {value!r}, the library {ours['squared_w2']!r}")
    return reached


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", help="transport_benchmark")
    parser.add_argument("--json", help="what transport_benchmark has written")
    parser.add_argument("--points", help="the folder of its points")
    parser.add_argument("--repetitions", type=int, default=1, help="the least time of so many")
    arguments = parser.parse_args()
    if arguments.program:
        with tempfile.TemporaryDirectory() as folder:
            out = run_benchmark(arguments.program, folder, arguments.repetitions)
            return compare(rows_of(out), folder, arguments.repetitions)
    if not (arguments.json and arguments.points):
        parser.error("a program, or --json and --points")
    return compare(rows_of(arguments.json), arguments.points, arguments.repetitions)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
