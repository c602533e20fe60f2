#!/usr/bin/python3
"""10^5 trajectories to a ring of eight Gaussians: SciPy's solve_ivp beside flowcheck, one run, CPU time.

  flow_peers.py build/release/bin/flow_ensemble_benchmark [--repetitions K]

Runs the benchmark (Google Benchmark, JSON), then RK45 with rtol = atol = 1e-8 on all trajectories as one
system, the linear schedule's velocity in the form that is regular at both ends, vectorised in NumPy. SciPy
controls the root mean square over all trajectories; flowcheck controls each. The error is in units of
rtol (1 + |x|), for both against SciPy's DOP853 at 1e-12 on the first 1000 of its own points, without the
flow's stretching. Needs python3-scipy and python3-numpy.
"""

import argparse
import json
import os
import subprocess
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy reads them

import numpy as np  # noqa: E402
from scipy.integrate import solve_ivp  # noqa: E402

TRAJECTORIES, RADIUS, VARIANCE, RTOL = 100_000, 2.0, 0.0625, 1e-8
ANGLES = np.pi * np.arange(8) / 4
CENTRES = RADIUS * np.stack([np.cos(ANGLES), np.sin(ANGLES)])  # 2 x 8


def velocity(t, state):
    x = state.reshape(2, -1)
    a = 1 - t
    S = a * a + VARIANCE * t * t
    logs = (t / S) * (CENTRES.T @ x)  # the centres have one norm
    logs -= logs.max(axis=0)
    weights = np.exp(logs)
    weights /= weights.sum(axis=0)
    return (((VARIANCE * t - a) * x + a * (CENTRES @ weights)) / S).ravel()


def solve(x, method, tolerance):
    return solve_ivp(velocity, (0.0, 1.0), x.ravel(), method=method, rtol=tolerance, atol=tolerance)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark")
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()

    report = subprocess.run([arguments.benchmark, "--benchmark_format=json"], check=True, stdout=subprocess.PIPE)
    rows = json.loads(report.stdout)["benchmarks"]

    x = np.random.default_rng(1).standard_normal((2, TRAJECTORIES))
    least = float("inf")
    for _ in range(arguments.repetitions):
        start = time.process_time()
        result = solve(x, "RK45", RTOL)
        least = min(least, time.process_time() - start)
    ends = result.y[:, -1].reshape(2, -1)
    exact = np.concatenate(
        [solve(x[:, j : j + 1], "DOP853", 1e-12).y[:, -1].reshape(2, -1) for j in range(1000)], axis=1
    )
    error = np.linalg.norm(ends[:, :1000] - exact, axis=0) / (RTOL * (1 + np.linalg.norm(x[:, :1000], axis=0)))
    print(f"SciPy RK45: {least:.3f} s, order 5, {result.nfev} evaluations, worst error {error.max():.1f}")
    for row in rows:
        if "error_occurred" in row:
            continue
        seconds = 1e-3 * row["cpu_time"]
        print(
            f"{row['name']}: {seconds:.3f} s, order {row['order']:.0f}, {row['evaluations']:.1f} evaluations, "
            f"worst error {row['worst']:.1f} (over ||DX||); {least / seconds:.1f} times faster"
        )


if __name__ == "__main__":
    main()
