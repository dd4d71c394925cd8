"""Writes more-families.json: fits of one and of two components by EM with SciPy's distributions, functions and solvers,
and values of special functions by mpmath."""

import json
import mpmath
import numpy as np
import scipy
from scipy import optimize, special, stats

random = np.random.RandomState(20240630)
mpmath.mp.dps = 50


def solve(function, low, high):
    return optimize.brentq(function, low, high, xtol=1e-300, rtol=1e-15, maxiter=1000)


# ── Weighted maximum likelihood of one component: rows x (n×D), weights w ────────────────────────────────────────────


def gamma(x, w):
    mean, log = np.average(x, weights=w), np.average(np.log(x), weights=w)
    shape = np.exp(solve(lambda t: t - special.digamma(np.exp(t)) - np.log(mean) + log, -20, 20))
    return [shape, shape / mean]


def lognormal(x, w):
    mu = np.average(np.log(x), weights=w)
    return [mu, np.sqrt(np.average((np.log(x) - mu) ** 2, weights=w))]


def beta(x, w):
    m = np.array([np.average(np.log(x), weights=w), np.average(np.log1p(-x), weights=w)])
    equations = lambda t: special.digamma(np.exp(t)) - special.digamma(np.exp(t).sum()) - m
    return list(np.exp(optimize.root(equations, [0.0, 0.0], tol=1e-14).x))


def geometric(x, w):
    return [1 / (1 + np.average(x, weights=w))]


def negative_binomial(x, w):
    mean = np.average(x, weights=w)
    slope = lambda t: np.average(special.digamma(x + np.exp(t)), weights=w) - special.digamma(np.exp(t)) - np.log1p(
        mean / np.exp(t)
    )
    return [mean, np.exp(solve(slope, -10, 10))]


def multinomial(x, w):
    sums = w @ x
    return list(sums / sums.sum())


def resultant(kappa, dimension):
    return special.ive(dimension / 2, kappa) / special.ive(dimension / 2 - 1, kappa)


def log_constant(kappa, dimension):
    nu = dimension / 2 - 1
    return nu * np.log(kappa) - dimension / 2 * np.log(2 * np.pi) - np.log(special.ive(nu, kappa)) - kappa


def von_mises_fisher(x, w):
    mean = w @ x / w.sum()
    length = np.linalg.norm(mean)
    return [*(mean / length), solve(lambda kappa: resultant(kappa, x.shape[1]) - length, 1e-3, 1e5)]


FAMILIES = {
    "gamma": (gamma, lambda x, p: stats.gamma.logpdf(x, p[0], scale=1 / p[1])),
    "lognormal": (lognormal, lambda x, p: stats.lognorm.logpdf(x, p[1], scale=np.exp(p[0]))),
    "beta": (beta, lambda x, p: stats.beta.logpdf(x, *p)),
    "geometric": (geometric, lambda x, p: stats.geom.logpmf(x + 1, p[0])),
    "negative_binomial": (negative_binomial, lambda x, p: stats.nbinom.logpmf(x, p[1], p[1] / (p[0] + p[1]))),
    "multinomial": (multinomial, lambda x, p: stats.multinomial.logpmf(x, x.sum(1).astype(int), p)),
    "von_mises_fisher": (
        von_mises_fisher,
        lambda x, p: log_constant(p[-1], x.shape[1]) + p[-1] * (x @ np.array(p[:-1])),
    ),
}


def mixture(name, x, labels):
    """EM from labels until nothing changes."""
    estimate, density = FAMILIES[name]
    shares = np.eye(2)[labels]
    last = -np.inf

    for iteration in range(100000):
        weights = shares.mean(0)
        parameters = [estimate(x, shares[:, k]) for k in range(2)]
        joint = np.stack([density(x, parameters[k]) + np.log(weights[k]) for k in range(2)], 1)
        total = special.logsumexp(joint, axis=1)
        shares = np.exp(joint - total[:, None])
        value = total.sum()

        if value - last <= 1e-13 * abs(value) and iteration > 200:
            break

        last = value

    return {
        "weights": weights.tolist(),
        "parameters": [list(map(float, p)) for p in parameters],
        "log_likelihood": float(value),
    }


def directions(mean, kappa, count):
    """Draws by rejection from uniform directions of the sphere."""
    mean = np.array(mean) / np.linalg.norm(mean)
    rows = []

    while len(rows) < count:
        x = random.randn(len(mean))
        x /= np.linalg.norm(x)

        if random.rand() < np.exp(kappa * (x @ mean - 1)):
            rows.append(x)

    return np.array(rows)


labels = np.repeat([0, 1], [120, 80])
data = {
    "gamma": np.round(np.r_[random.gamma(2, 1.5, 120), random.gamma(30, 0.5, 80)] + 0.001, 3),
    "lognormal": np.round(np.exp(np.r_[random.normal(0, 0.5, 120), random.normal(2, 0.3, 80)]), 3),
    "beta": np.round(np.r_[random.beta(2, 9, 120), random.beta(20, 8, 80)], 4).clip(0.0001, 0.9999),
    "geometric": np.r_[random.geometric(0.6, 120), random.geometric(0.05, 80)] - 1.0,
    "negative_binomial": np.r_[random.negative_binomial(2, 0.4, 120), random.negative_binomial(10, 0.2, 80)] * 1.0,
    "multinomial": np.r_[
        [random.multinomial(5 + n % 7, [0.6, 0.2, 0.1, 0.1]) for n in range(120)],
        [random.multinomial(5 + n % 7, [0.1, 0.1, 0.3, 0.5]) for n in range(80)],
    ]
    * 1.0,
    "von_mises_fisher": np.r_[directions([1, 1, 0], 8, 120), directions([0, -1, 1], 15, 80)],
}

fits = []

for name, x in data.items():
    estimate, density = FAMILIES[name]
    one = estimate(x, np.ones(len(x)))
    fits.append(
        {
            "family": name,
            "rows": (x if x.ndim == 2 else x[:, None]).tolist(),
            "labels": labels.tolist(),
            "one": {"parameters": list(map(float, one)), "log_likelihood": float(density(x, one).sum())},
            "two": mixture(name, x, labels),
        }
    )

# SciPy's own fits agree.
shape, _, scale = stats.gamma.fit(data["gamma"], floc=0)
assert np.allclose([shape, 1 / scale], fits[0]["one"]["parameters"], rtol=1e-6)
assert np.allclose(stats.beta.fit(data["beta"], floc=0, fscale=1)[:2], fits[2]["one"]["parameters"], rtol=1e-6)

places = [1e-300, 1e-10, 1e-3, 0.1, 0.5, 1, 1.4616321449683622, 1.5, 2, 3.7, 9.5, 9.999, 10, 25.3, 1e3, 1e8, 1e15]
pairs = [(1, 1e12), (1e8, 1e20), (0.5, 9), (3, 0.2), (1e-3, 1e3), (100, 5), (1e8, 1e8), (7, 10), (1e6, 1e-3)]
exact = mpmath.mpf

gamma_function = [
    {
        "x": x,
        "log_gamma": float(mpmath.loggamma(exact(x))),
        "digamma": float(mpmath.digamma(exact(x))),
        "trigamma": float(mpmath.polygamma(1, exact(x))) if x > 1e-100 else None,
        "log_minus_digamma": float(mpmath.log(exact(x)) - mpmath.digamma(exact(x))),
        "trigamma_minus_inverse": float(mpmath.polygamma(1, exact(x)) - 1 / exact(x)) if x > 1e-100 else None,
    }
    for x in places
]

rises = [
    {
        "a": a,
        "b": b,
        "log_rise": float(mpmath.loggamma(exact(a) + b) - mpmath.loggamma(exact(b))),
        "digamma_rise": float(mpmath.digamma(exact(a) + b) - mpmath.digamma(exact(b))),
        "trigamma_fall": float(mpmath.polygamma(1, exact(b)) - mpmath.polygamma(1, exact(a) + b)),
    }
    for a, b in pairs
]


def bessel(dimension, kappa):
    """ln C_D(κ) and A_D(κ) to 50 digits."""
    nu, k = exact(dimension) / 2 - 1, exact(kappa)
    low, high = mpmath.besseli(nu, k), mpmath.besseli(nu + 1, k)
    constant = nu * mpmath.log(k) - exact(dimension) / 2 * mpmath.log(2 * mpmath.pi) - mpmath.log(low)
    return {"dimension": dimension, "kappa": kappa, "log_constant": float(constant), "resultant": float(high / low)}


spheres = [
    bessel(dimension, kappa)
    for dimension in [2, 3, 4, 5, 10, 31, 100, 301, 1000]
    for kappa in [1e-8, 1e-3, 0.1, 1.0, 3.0, 10.0, 30.0, 99.0, 300.0, 1e3, 1e4, 1e6]
]

with open("more-families.json", "w") as file:
    json.dump(
        {
            "source": f"SciPy {scipy.__version__}, mpmath {mpmath.__version__}",
            "fits": fits,
            "gamma_function": gamma_function,
            "rises": rises,
            "spheres": spheres,
        },
        file,
    )
