#!/usr/bin/python3
"""A JKO step on the line by Newton's method in NumPy and LAPACK (dptsv), beside flowcheck.

    line_jko_benchmark --benchmark_format=json > line_jko.json
    line_jko_peers.py line_jko.json

Relative entropy to V = x^2/2 + x^4/4 from N(1, 0.6^2), gamma = 1/2, to a Newton decrement of 1e-12, from
the same start as flowcheck's that is not nested. Twice: "increments" keeps T_{i+1} - T_i beside T as
flowcheck does; "values" subtracts, and stops where the decrement no longer halves. CPU time, the least of
five runs, and of the benchmark's repetitions, which come from its JSON file.
"""

import json
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np  # noqa: E402  (the thread counts have to be set before)
from scipy.linalg.lapack import dptsv  # noqa: E402
from scipy.special import ndtr  # noqa: E402

GAMMA, MEAN, DEVIATION, Z, TOLERANCE = 0.5, 1.0, 0.6, 8.0, 1e-12


def grid(points):
    h = 2 * Z / (points - 1)
    z = h * (np.arange(points) - 0.5 * (points - 1))

    def mass(left, width):  # Gauss-Legendre: differences of the cdf lose the cells of a fine grid
        nodes, weights = np.polynomial.legendre.leggauss(5)
        x = left[:, None] + 0.5 * width * (1 + nodes)
        return 0.5 * width * np.exp(-0.5 * x * x) @ weights / np.sqrt(2 * np.pi)

    w = mass(z - 0.5 * h, h)
    w[0] = w[-1] = ndtr(-Z + 0.5 * h)
    omega = mass(z[:-1], h)
    return h, z, w / w.sum(), omega / omega.sum()


def objective(T, d, old, w, omega, h):
    square = T * T
    return w @ (square * (0.5 + 0.25 * square) + (T - old) ** 2 / (2 * GAMMA)) - omega @ np.log(d / h)


def newton(h, z, w, omega, keep_increments):
    old = MEAN + DEVIATION * z
    a = 1 + GAMMA * (1 + 3 * old[:-1] ** 2)
    d = h * (DEVIATION + np.sqrt(DEVIATION**2 + 4 * GAMMA * a)) / (2 * a)
    T = np.concatenate(([0.0], np.cumsum(d)))
    T += old[len(old) // 2] - T[len(old) // 2]
    decrement = np.inf
    for iteration in range(1, 100):
        if not keep_increments:
            d = np.diff(T)
        pressure = omega / d
        stiffness = pressure / d
        square = T * T
        right = -w * (T * (1 + square) + (T - old) / GAMMA)
        right[:-1] -= pressure
        right[1:] += pressure
        diagonal = w * (1 + 3 * square + 1 / GAMMA)
        diagonal[:-1] += stiffness
        diagonal[1:] += stiffness
        scale = 1 / np.sqrt(diagonal)
        _, _, step, info = dptsv(np.ones_like(w), -stiffness * scale[:-1] * scale[1:], right * scale,
                                 overwrite_d=1, overwrite_e=1)
        assert info == 0
        step *= scale
        last, decrement = decrement, np.sqrt(max(right @ step, 0.0))
        change = np.diff(step)
        length = 1.0
        if decrement**2 > 1e-3:
            before = objective(T, d, old, w, omega, h)
            length = min(1.0, 0.9 / max(-(change / d).min(), 1e-300))
            while not objective(T + length * step, d + length * change, old, w, omega, h) <= (
                before - 0.1 * length * decrement**2
            ):
                length *= 0.5
        else:
            length = min(1.0, 0.9 / max(-(change / d).min(), 1e-300))
        T = T + length * step
        d = d + length * change
        if decrement <= TOLERANCE or (last < 1e-6 and decrement > 0.5 * last):
            break
    return T, iteration, decrement


def main():
    ours = {}
    if len(sys.argv) > 1:
        for row in json.load(open(sys.argv[1]))["benchmarks"]:
            name = dict(part.split(":") for part in row["run_name"].split("/")[1:])
            key = int(name["points"]), int(name["nested"])
            if row["run_type"] == "iteration":
                ours[key] = min(ours.get(key, row), row, key=lambda r: r["cpu_time"])
    for points in (10_001, 100_001, 1_000_001):
        problem = grid(points)
        for keep_increments in (True, False):
            best = np.inf
            for _ in range(5):
                start = time.process_time()
                T, iterations, decrement = newton(*problem, keep_increments)
                best = min(best, time.process_time() - start)
            line = (
                f"M={points:8d} {'increments' if keep_increments else 'values':10s} {1e3 * best:9.2f} ms"
                f" {iterations:3d} iterations, decrement {decrement:.1e}, mean {problem[2] @ T:.12f}"
            )
            for nested in (0, 1):
                row = ours.get((points, nested))
                if row:
                    line += (
                        f" | {'nested' if nested else 'plain'} {row['cpu_time']:.2f} ms"
                        f" {row['newton_steps']:.0f} iterations, mean {row['mean']:.12f},"
                        f" ratio {1e3 * best / row['cpu_time']:.1f}"
                    )
            print(line)


if __name__ == "__main__":
    main()
