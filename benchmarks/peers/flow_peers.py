#!/usr/bin/python3
"""10^5 trajectories to a ring of eight Gaussians: SciPy's solve_ivp beside flowcheck, one run, CPU time.

  flow_peers.py build/release/bin/flow_ensemble_benchmark [--repetitions K]

Runs the benchmark (Google Benchmark, JSON) K times, then as often RK45 with rtol = atol = 1e-8 on all
trajectories as one system, and compares the least times: the linear schedule's velocity in the form that is
regular at both ends, vectorised in NumPy, once as its formula stands for any mixture ("plain": distances to all
centres, as users of a solver write it) and once tuned to this one (exponents expanded, so that a matrix product
gives them, and what all centres share left out, as flowcheck's own kernel may not). SciPy controls the root mean square over all trajectories,
flowcheck each: RK45 again at a tenth and at a hundredth of the tolerance, until none of its first 1000
trajectories is off by more than 10 in units of 1e-8 (1 + |x|) max(1, ||DX||). Needs python3-scipy and
python3-numpy.
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

TRAJECTORIES, COMPARED, RADIUS, VARIANCE, RTOL = 100_000, 1000, 2.0, 0.0625, 1e-8
ANGLES = np.pi * np.arange(8) / 4
CENTRES = RADIUS * np.stack([np.cos(ANGLES), np.sin(ANGLES)])  # 2 x 8
WEIGHTS = np.full(8, 0.125)


def plain_velocity(t, state):
    x = state.reshape(2, -1)
    a = 1 - t
    S = a * a + VARIANCE * t * t
    logs = np.log(WEIGHTS)[:, None] - ((x[:, None, :] - t * CENTRES[:, :, None]) ** 2).sum(axis=0) / (2 * S)
    weights = np.exp(logs - logs.max(axis=0))
    weights /= weights.sum(axis=0)
    return (((VARIANCE * t - a) * x + a * (CENTRES @ weights)) / S).ravel()


def tuned_velocity(t, state):
    x = state.reshape(2, -1)
    a = 1 - t
    S = a * a + VARIANCE * t * t
    logs = (t / S) * (CENTRES.T @ x)  # the centres have one norm
    logs -= logs.max(axis=0)
    weights = np.exp(logs)
    weights /= weights.sum(axis=0)
    return (((VARIANCE * t - a) * x + a * (CENTRES @ weights)) / S).ravel()


def solve(x, method, tolerance, velocity=tuned_velocity):  # all columns as one system
    return solve_ivp(velocity, (0.0, 1.0), x.ravel(), method=method, rtol=tolerance, atol=tolerance)


def flow(x, method, tolerance):
    return solve(x, method, tolerance).y[:, -1].reshape(2, -1)


def worst_error(x, ends):
    """Of the first COMPARED, in units of RTOL (1 + |x|) max(1, ||DX||), DX by differences."""
    x, ends = x[:, :COMPARED], ends[:, :COMPARED]
    exact = flow(x, "DOP853", 1e-13)
    step = 1e-4
    columns = [(flow(x + step * e[:, None], "DOP853", 1e-13) - exact) / step for e in np.eye(2)]
    stretch = np.linalg.norm(np.stack(columns, axis=-1).transpose(1, 0, 2), ord=2, axis=(1, 2))
    scale = RTOL * (1 + np.linalg.norm(x, axis=0)) * np.maximum(1, stretch)
    return (np.linalg.norm(ends - exact, axis=0) / scale).max()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark")
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()

    command = [arguments.benchmark, "--benchmark_format=json", f"--benchmark_repetitions={arguments.repetitions}"]
    report = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    least = {}
    for row in json.loads(report.stdout)["benchmarks"]:
        if row["run_type"] == "iteration" and "error_occurred" not in row:
            least[row["name"]] = min(row, least.get(row["name"], row), key=lambda r: r["cpu_time"])
    rows = list(least.values())
    for row in rows:
        print(
            f"{row['name']}: {1e-3 * row['cpu_time']:.3f} s, order {row['order']:.0f}, "
            f"{row['expansions']:.1f} expansions of the velocity, worst error {row['worst']:.1f} of all, "
            f"{row['worst_by_reference']:.1f} by the reference flow"
        )

    x = np.random.default_rng(1).standard_normal((2, TRAJECTORIES))
    for name, velocity in (("plain", plain_velocity), ("tuned", tuned_velocity)):
        for tolerance in (RTOL, RTOL / 10, RTOL / 100):
            least = float("inf")
            for _ in range(arguments.repetitions):
                start = time.process_time()
                result = solve(x, "RK45", tolerance, velocity)
                least = min(least, time.process_time() - start)
            worst = worst_error(x, result.y[:, -1].reshape(2, -1))
            print(
                f"SciPy RK45, {name} velocity, rtol {tolerance:.0e}: {least:.3f} s, order 5, "
                f"{result.nfev} evaluations, worst error {worst:.1f}; flowcheck "
                + ", ".join(f"{least / (1e-3 * row['cpu_time']):.1f}" for row in rows)
                + " times faster"
            )
            if worst <= 10:
                break


if __name__ == "__main__":
    main()
