#!/usr/bin/python3
"""Posterior mean and Jacobian of a Gaussian mixture at 10^5 points in numpy, beside flowcheck.

    mixture_benchmark --benchmark_format=json > mixture.json
    limits_benchmark --benchmark_format=json > limits.json
    mixture_peers.py mixture.json [limits.json]

X1 ~ sum_k w_k N(mu_k, S_k), x = b X1 + a Z, K = 20 full covariances: E[X1 | x] and (b/a^2) Cov[X1 | x],
vectorised over the points, one component at a time so that its arrays stay small. CPU time, the least
of five runs; the benchmark's numbers come from its JSON file. The share is that of the additions and
multiplications which the machine can do unfused in 512-bit registers (limits_benchmark), counting those
those of the formula as it stands. Rows velocity_and_jacobian are of the linear interpolation, whose
velocity v = (b' - b a'/a) E[X1 | x] + (a'/a) x and its Jacobian numpy makes of the same two.
"""

import json
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np  # noqa: E402  (the thread counts have to be set before)

POINTS, COMPONENTS, B, A = 100_000, 20, 0.6, 0.4


def random_mixture(d, rng):
    means = 1.5 * rng.standard_normal((COMPONENTS, d))
    covariances = np.empty((COMPONENTS, d, d))
    for k in range(COMPONENTS):
        Q, _ = np.linalg.qr(rng.standard_normal((d, d)))
        covariances[k] = (Q * np.exp(rng.uniform(np.log(0.1), np.log(4.0), d))) @ Q.T
    return np.full(COMPONENTS, 1.0 / COMPONENTS), means, covariances


def observations(means, covariances, rng):
    d = means.shape[1]
    labels = rng.integers(COMPONENTS, size=POINTS)
    factors = np.linalg.cholesky(covariances)
    data = means[labels] + np.einsum("nij,nj->ni", factors[labels], rng.standard_normal((POINTS, d)))
    return B * data + A * rng.standard_normal((POINTS, d))


def mean_and_jacobian(weights, means, covariances, x):
    n, d = x.shape
    K = len(weights)
    logs = np.empty((n, K))
    component_means = np.empty((K, n, d))
    component_covariances = np.empty((K, d, d))
    for k in range(K):
        V = A * A * np.eye(d) + B * B * covariances[k]
        L = np.linalg.cholesky(V)
        gain = covariances[k] @ np.linalg.inv(V)
        offset = x - B * means[k]
        z = offset @ np.linalg.inv(L).T
        logs[:, k] = np.log(weights[k]) - 0.5 * np.einsum("ni,ni->n", z, z) - np.log(np.diag(L)).sum()
        component_means[k] = means[k] + B * (offset @ gain)
        component_covariances[k] = A * A * gain
    logs -= logs.max(axis=1, keepdims=True)
    posterior = np.exp(logs)
    posterior /= posterior.sum(axis=1, keepdims=True)
    mean = np.einsum("nk,kni->ni", posterior, component_means)
    covariance = (posterior @ component_covariances.reshape(K, d * d)).reshape(n, d, d)
    for k in range(K):
        centred = component_means[k] - mean
        covariance += (posterior[:, k, None] * centred)[:, :, None] * centred[:, None, :]
    covariance *= B / (A * A)
    return mean, covariance


def velocity_and_jacobian(weights, means, covariances, x):
    mean, jacobian = mean_and_jacobian(weights, means, covariances, x)
    own, other = -1 / A, 1 + B / A  # a' = -1, b' = 1
    mean *= other
    mean += own * x
    jacobian *= other
    diagonal = np.arange(x.shape[1])
    jacobian[:, diagonal, diagonal] += own
    return mean, jacobian


def cpu_seconds(call, repetitions=5):
    best = np.inf
    for _ in range(repetitions):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return best


def benchmarks(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)["benchmarks"]


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    rows = benchmarks(sys.argv[1])
    limit = None
    if len(sys.argv) == 3:
        for row in benchmarks(sys.argv[2]):
            if row["name"] == "multiply_and_add/avx512":
                limit = row.get("operations")
    unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
    print(f"numpy {np.__version__}, {POINTS} points, K = {COMPONENTS}; CPU seconds of one thread")
    print(f"{'benchmark':32} {'numpy':>9} {'flowcheck':>10} {'ratio':>7} {'share':>6}")
    for d in (2, 16):
        rng = np.random.default_rng(1)
        mixture = random_mixture(d, rng)
        x = observations(mixture[1], mixture[2], rng)
        for job in (mean_and_jacobian, velocity_and_jacobian):
            peer = cpu_seconds(lambda: job(*mixture, x))
            for row in rows:
                if not row["name"].startswith(job.__name__) or not row["name"].endswith(f"/{d}"):
                    continue
                if row.get("error_occurred"):
                    continue
                own = row["cpu_time"] * unit[row["time_unit"]]
                share = f"{row['operations'] / limit:6.0%}" if limit else "     -"
                print(f"{row['name']:32} {peer:9.3f} {own:10.4f} {peer / own:7.1f} {share}")


if __name__ == "__main__":
    main()
