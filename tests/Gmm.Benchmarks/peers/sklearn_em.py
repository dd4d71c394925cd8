#!/usr/bin/env python3
"""scikit-learn's side of `dotnet fsi build.fsx bench peers`; needs Debian's python3-sklearn, or the same from elsewhere.

NumPy must compute with an optimised BLAS (Debian: libopenblas0-pthread); with the reference BLAS it takes three times as long.

usage: sklearn_em.py DATA ROWS FEATURES COMPONENTS TASK ITERATIONS TOLERANCE SECONDS

DATA is raw little-endian float64, row by row; the first COMPONENTS rows are the starting means. TASK is a covariance
structure or kmeans, to time single iterations from those means, unit covariances and equal weights; limit, to time whole
fits of full covariances from there; or fit, to time them from a k-means start. Runs are repeated for SECONDS. Prints a line of JSON: the shortest time, the
mean log-likelihood of a row in the end (for kmeans minus half of its mean squared distance), and the peak of memory.
"""
import json
import sys
import time
import warnings

import numpy as np
from sklearn.cluster import KMeans, _kmeans
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_info

if not any(pool["user_api"] == "blas" for pool in threadpool_info()):
    sys.exit("NumPy has no optimised BLAS, so its times would mean nothing; install one (Debian: libopenblas0-pthread)")

MIB = 1024.0 * 1024.0


def memory(field):
    """Bytes of this process, by the name that the kernel gives them."""
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(field + ":"))


class TimedMixture(GaussianMixture):
    """Notes when every E-step begins: the last one belongs to no iteration, so there is a time between each and the next."""

    def _e_step(self, X):
        stamps.append(time.perf_counter())
        return super()._e_step(X)


def timed(step):
    """Lloyd's step, which notes when it begins."""

    def run(*arguments, **named):
        stamps.append(time.perf_counter())
        return step(*arguments, **named)

    return run


path, task = sys.argv[1], sys.argv[5]
rows, features, components, iterations = (int(sys.argv[i]) for i in (2, 3, 4, 6))
tolerance, seconds = float(sys.argv[7]), float(sys.argv[8])
warnings.filterwarnings("ignore")  # That it has not converged is what was asked for.
before = memory("VmRSS")
X = np.fromfile(path, count=rows * features).reshape(rows, features)
means = X[:components].copy()
stamps = []
_kmeans.lloyd_iter_chunked_dense = timed(_kmeans.lloyd_iter_chunked_dense)

precisions = {
    "full": np.tile(np.eye(features), (components, 1, 1)),
    "tied_full": np.eye(features),
    "diag": np.ones((components, features)),
    "spherical": np.ones(components),
}


def from_means(mixture, structure, tol):
    """A fit from those means, unit covariances and equal weights."""
    return mixture(
        components,
        covariance_type="tied" if structure == "tied_full" else structure,
        tol=tol,
        max_iter=iterations,
        reg_covar=0,
        weights_init=np.full(components, 1 / components),
        means_init=means,
        precisions_init=precisions[structure],
        init_params="random_from_data",
        random_state=0,
    ).fit(X)


def iterate():
    """Runs the iterations; returns the objective after them."""
    if task == "kmeans":
        found = KMeans(components, init=means, n_init=1, max_iter=iterations, tol=0, algorithm="lloyd").fit(X)
        return lambda: -0.5 * found.inertia_ / rows
    found = from_means(TimedMixture, task, 0)
    return lambda: found.score(X)


def fit():
    """Runs a whole fit; returns the objective after it."""
    if task == "limit":
        found = from_means(GaussianMixture, "full", tolerance)
    else:
        found = GaussianMixture(components, tol=tolerance, max_iter=iterations, random_state=0).fit(X)
    return lambda: found.score(X)


times = []
begin = time.perf_counter()
while not times or time.perf_counter() - begin < seconds:
    stamps.clear()
    start = time.perf_counter()
    objective = fit() if task in ("fit", "limit") else iterate()
    if task in ("fit", "limit"):
        times.append(time.perf_counter() - start)
    elif len(stamps) != iterations + 1:
        sys.exit(f"error: it stopped after {len(stamps) - 1} of {iterations} iterations")
    else:
        times.extend(np.diff(stamps))

peak = memory("VmHWM")
print(
    json.dumps(
        {
            "milliseconds": 1e3 * min(times),
            "first": 1e3 * times[0],
            "objective": objective(),
            "peakMiB": peak / MIB,
            "beyondMiB": (peak - before - X.nbytes) / MIB,
        }
    )
)
