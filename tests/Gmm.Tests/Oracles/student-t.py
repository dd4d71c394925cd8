"""Writes student-t.json: Student's t distributions and their mixtures by SciPy, NumPy and mpmath. Run it in this folder."""

import csv
import json
import mpmath
import numpy as np
import scipy
from scipy import optimize, special, stats

mpmath.mp.dps = 40
LOWEST, HIGHEST = 1.0, 200.0
DATA = "../../../data/"


def table(name, columns):
    with open(DATA + name + ".csv") as file:
        rows = list(csv.reader(file))[1:]
    return np.array([[float(cell) if cell not in ("", "NA") else np.nan for cell in row[:columns]] for row in rows])


IRIS, FAITHFUL, HOLES = table("iris", 4), table("faithful", 2), table("iris-missing", 4)

# ── One component: a maximum found without EM ──────────────────────────────────────────────────────────────────────


def log_density(x, location, scale, nu):
    """By Cholesky factors; scipy.stats.multivariate_t agrees (see `densities`)."""
    d = len(location)
    root = np.linalg.cholesky(scale)
    y = np.linalg.solve(root, (x - location).T)
    delta = np.sum(y * y, axis=0)
    log_det = 2 * np.sum(np.log(np.diag(root)))
    constant = special.gammaln((nu + d) / 2) - special.gammaln(nu / 2) - 0.5 * (d * np.log(nu * np.pi) + log_det)
    return constant - 0.5 * (nu + d) * np.log1p(delta / nu)


def observed_log_likelihood(x, location, scale, nu):
    """The log-likelihood of the observed cells; NaN is missing."""
    total = 0.0
    for pattern in np.unique(np.isnan(x), axis=0):
        rows = x[(np.isnan(x) == pattern).all(axis=1)]
        o = ~pattern
        if o.any():
            total += log_density(rows[:, o], location[o], scale[np.ix_(o, o)], nu).sum()
    return total


def unpack(theta, d, nu):
    location = theta[:d]
    root = np.zeros((d, d))
    root[np.tril_indices(d)] = theta[d:d + d * (d + 1) // 2]
    diagonal = np.diag_indices(d)
    root[diagonal] = np.exp(root[diagonal])
    return location, root @ root.T, (nu if nu is not None else np.exp(theta[-1]))


def maximum(x, nu):
    """Maximises the log-likelihood by BFGS, then by Newton's method with differences."""
    d = x.shape[1]
    root = np.linalg.cholesky(np.cov(x[~np.isnan(x).any(axis=1)].T).reshape(d, d))
    root[np.diag_indices(d)] = np.log(np.diag(root))
    start = np.concatenate([np.nanmedian(x, axis=0), root[np.tril_indices(d)], [] if nu else [np.log(8.0)]])

    def value(theta):
        return -observed_log_likelihood(x, *unpack(theta, d, nu))

    def gradient(theta, h=1e-4):
        steps = np.eye(len(theta)) * h
        fine = [(value(theta + s) - value(theta - s)) / (2 * h) for s in steps]
        coarse = [(value(theta + 2 * s) - value(theta - 2 * s)) / (4 * h) for s in steps]
        return (4 * np.array(fine) - np.array(coarse)) / 3

    theta = optimize.minimize(value, start, jac=gradient, method="BFGS").x
    for _ in range(6):
        steps = np.eye(len(theta)) * 1e-3
        hessian = np.array([(gradient(theta + s) - gradient(theta - s)) / 2e-3 for s in steps])
        theta = theta - np.linalg.solve((hessian + hessian.T) / 2, gradient(theta))
    location, scale, found = unpack(theta, d, nu)
    assert np.max(np.abs(gradient(theta))) < 1e-5 * len(x), np.max(np.abs(gradient(theta)))
    return {"nu": float(found), "is_given": nu is not None, "location": location.tolist(), "scale": scale.tolist(),
            "log_likelihood": float(-value(theta))}


def one(name, x, nu):
    return {"dataset": name, "columns": x.shape[1], **maximum(x, nu)}


ones = [one(name, x, nu) for nu in (0.7, 3.0, 30.0) for name, x in (("iris", IRIS), ("faithful", FAITHFUL))]
holes = [one("iris-missing", HOLES, nu) for nu in (2.0, 8.0)]

# A sample whose tails are heavy, of one column and of three.
random = np.random.RandomState(20240229)
line = np.round(stats.t.rvs(2.5, loc=3, scale=2, size=400, random_state=random), 6)
factor = np.array([[1.0, 0, 0], [0.8, 0.6, 0], [-2, 1, 3]])
precision = random.chisquare(3.5, 500) / 3.5
cloud = np.round((random.standard_normal((500, 3)) / np.sqrt(precision)[:, None]) @ factor.T, 6)
heavy = [{"rows": x.tolist(), **maximum(x, None)} for x in (line[:, None], cloud)]
nu, location, scale = stats.t.fit(line)
assert abs(nu / heavy[0]["nu"] - 1) < 1e-3 and abs(location - heavy[0]["location"][0]) < 1e-3
assert abs(stats.t.logpdf(line, heavy[0]["nu"], heavy[0]["location"][0], np.sqrt(heavy[0]["scale"][0][0])).sum()
           - heavy[0]["log_likelihood"]) < 1e-9

# ── Mixtures: textbook EM of Peel and McLachlan (2000), row by row ─────────────────────────────────────────────────


def root_of(expected):
    def f(log_nu):
        half = np.exp(log_nu) / 2
        return np.log(half) - special.digamma(half) + 1 + expected
    low, high = np.log(LOWEST), np.log(HIGHEST)
    if f(low) <= 0:
        return LOWEST
    if f(high) >= 0:
        return HIGHEST
    return float(np.exp(optimize.brentq(f, low, high, xtol=1e-15, rtol=1e-14)))


def mahalanobis(x, location, scale):
    z = x - location
    return np.einsum("ni,ni->n", z @ np.linalg.inv(scale), z)


def em(x, structure, degrees, start):
    n, d = x.shape
    weights, locations, scales, nus = (np.array(start[key], float) for key in ("weights", "locations", "scales", "nus"))
    previous = -np.inf
    for iteration in range(200000):
        joint = np.stack([np.log(w) + log_density(x, m, s, nu) for w, m, s, nu in zip(weights, locations, scales, nus)], 1)
        evidence = special.logsumexp(joint, axis=1)
        likelihood = evidence.sum()
        if iteration == 0:
            first = likelihood
        if likelihood - previous < 1e-13 * abs(likelihood) and iteration > 5000:
            break
        previous = likelihood
        r = np.exp(joint - evidence[:, None])
        delta = np.stack([mahalanobis(x, m, s) for m, s in zip(locations, scales)], 1)
        u = (nus + d) / (nus + delta)
        expected = np.log(u) - u + special.digamma((nus + d) / 2) - np.log((nus + d) / 2)
        counts = r.sum(0)
        weights = counts / n
        locations = (r * u).T @ x / (r * u).sum(0)[:, None]
        scatter = np.stack([(x - m).T @ ((x - m) * (r * u)[:, [k]]) for k, m in enumerate(locations)])
        if structure == "full":
            scales = scatter / counts[:, None, None]
        elif structure == "tied_full":
            scales = np.stack([scatter.sum(0) / n] * len(weights))
        elif structure == "diag":
            scales = np.stack([np.diag(np.diag(s)) for s in scatter]) / counts[:, None, None]
        elif structure == "spherical":
            scales = np.stack([np.eye(d) * np.trace(s) / d for s in scatter]) / counts[:, None, None]
        if degrees == "estimated":
            nus = np.array([root_of(e) for e in (r * expected).sum(0) / counts])
        elif degrees == "equal":
            nus = np.full(len(weights), root_of((r * expected).sum() / n))
    return {"first_log_likelihood": float(first), "log_likelihood": float(likelihood), "iterations": iteration,
            "weights": weights.tolist(), "locations": locations.tolist(), "scales": scales.tolist(), "nus": nus.tolist()}


def mixture(name, x, structure, degrees, rows, nu):
    d = x.shape[1]
    start = {"weights": [1 / len(rows)] * len(rows), "locations": [x[row].tolist() for row in rows],
             "scales": [np.diag(np.var(x, axis=0)).tolist()] * len(rows), "nus": [nu] * len(rows)}
    if structure == "spherical":
        start["scales"] = [(np.eye(d) * np.var(x, axis=0).mean()).tolist()] * len(rows)
    return {"dataset": name, "structure": structure, "degrees": degrees, "start": start,
            "end": em(x, structure, degrees, start)}


mixtures = [mixture("faithful", FAITHFUL, structure, degrees, [0, 1], 5.0)
            for structure in ("full", "tied_full", "diag", "spherical") for degrees in ("estimated", "equal", "given")]
mixtures += [mixture("iris", IRIS, structure, "given", [0, 50, 100], 4.0) for structure in ("full", "tied_full")]

# ── Functions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def densities(d, nu):
    location = random.standard_normal(d)
    root = random.standard_normal((d, d))
    scale = root @ root.T + 0.1 * np.eye(d)
    rows = location + random.standard_normal((12, d)) * np.exp(random.uniform(-3, 12, (12, 1)))
    found = np.atleast_1d(stats.multivariate_t.logpdf(rows, location, scale, df=nu)).reshape(-1)
    return {"nu": nu, "location": location.tolist(), "scale": ((scale + scale.T) / 2).tolist(), "rows": rows.tolist(),
            "log_density": found.tolist()}


places = [0.01, 0.1, 0.5, 1.0, 1.4616321449683622, 2.0, 3.3, 9.99, 16.0, 40.25, 1e3, 1e6, 1e12]
functions = {
    "digamma": [[x, float(mpmath.digamma(x))] for x in places],
    "log_gamma_ratio": [[x, n, float(mpmath.loggamma(mpmath.mpf(x) + mpmath.mpf(n) / 2) - mpmath.loggamma(x)
                                     - mpmath.mpf(n) / 2 * mpmath.log(x))]
                        for x in places for n in (0, 1, 2, 3, 8, 101)],
}

result = {"scipy": scipy.__version__, "functions": functions,
          "densities": [densities(d, nu) for d in (1, 2, 5) for nu in (0.5, 1.0, 4.2, 60.0, 5000.0)],
          "ones": ones, "holes": holes, "heavy": heavy, "mixtures": mixtures}

with open("student-t.json", "w") as file:
    file.write(json.dumps(result, indent=None).replace('}, {', '},\n{') + "\n")
for entry in ones + holes + heavy:
    print(entry.get("dataset", "heavy"), entry["nu"], entry["is_given"], entry["log_likelihood"])
for entry in mixtures:
    print(entry["dataset"], entry["structure"], entry["degrees"], entry["end"]["log_likelihood"], entry["end"]["nus"], entry["end"]["iterations"])
