"""Writes bayes-more.json: variational Bayes for Gaussian mixtures by NumPy and SciPy. Run it in this folder.

The start is that of bayes-iris.json; M-step first, then `iterations` times (E-step, bound, M-step). Diagonal and
spherical precisions have gamma distributions: precision_j ~ Gamma(nu/2, v_j/2) for each feature, or
Gamma(D nu/2, D v/2) for the one that all features share. Tied structures have one distribution for all components.
"""

import csv
import json

import numpy as np
from scipy.special import betaln, digamma, gammaln, multigammaln

with open("../../../data/iris.csv") as file:
    LINES = list(csv.reader(file))[1:]

X = np.array([[float(cell) for cell in line[:4]] for line in LINES])
LABELS = np.array([["setosa", "versicolor", "virginica"].index(line[4]) for line in LINES])
N, D, K = 150, 4, 5


def start():
    def entry(n, k):
        is_favoured = LABELS[n] == k or (k >= 3 and (n + k) % 4 == 0)
        return 1.0 + (7 * n + 3 * k) % 11 + (10 if is_favoured else 0)

    r = np.array([[entry(n, k) for k in range(K)] for n in range(N)])
    return r / r.sum(1, keepdims=True)


class Model:
    def __init__(self, structure, weight_prior, concentration, beta0, nu0, m0, v0, sample_weights):
        self.is_tied = structure.startswith("tied")
        self.shape = structure.split("_")[-1]
        self.is_process = weight_prior == "dirichlet_process"
        self.concentration, self.beta0, self.nu0, self.m0, self.v0 = concentration, beta0, nu0, m0, v0
        self.w = sample_weights

    def log_determinant(self, v, nu):
        """E ln|Lambda|"""
        if self.shape == "full":
            return sum(digamma((nu + 1 - i) / 2) for i in range(1, D + 1)) + D * np.log(2) - np.linalg.slogdet(v)[1]
        if self.shape == "diag":
            return np.sum(digamma(nu / 2) - np.log(v / 2))
        return D * (digamma(D * nu / 2) - np.log(D * v / 2))

    def distance(self, z, v, nu):
        """z' E Lambda z, for rows z"""
        if self.shape == "full":
            return nu * np.einsum("ni,ij,nj->n", z, np.linalg.inv(v), z)
        return nu * np.sum(z * z / v, axis=1)

    def e_step(self, q):
        rho = np.array(
            [
                q["log_pi"][k]
                + 0.5 * self.log_determinant(q["v"][k], q["nu"][k])
                - 0.5 * D * np.log(2 * np.pi)
                - 0.5 * D / q["beta"][k]
                - 0.5 * self.distance(X - q["m"][k], q["v"][k], q["nu"][k])
                for k in range(K)
            ]
        ).T
        largest = rho.max(1, keepdims=True)
        total = largest + np.log(np.exp(rho - largest).sum(1, keepdims=True))
        return np.exp(rho - total), np.sum(self.w * total[:, 0])

    def m_step(self, r):
        r = r * self.w[:, None]
        counts = r.sum(0)
        means = r.T @ X / counts[:, None]
        scatter = []
        for k in range(K):
            z, offset = X - means[k], means[k] - self.m0
            between = self.beta0 * counts[k] / (self.beta0 + counts[k]) * np.outer(offset, offset)
            scatter.append((r[:, k, None] * z).T @ z + between)
        scatter = np.array(scatter)
        nu = self.nu0 + counts
        if self.is_tied:
            scatter = np.repeat(scatter.sum(0)[None], K, 0)
            nu = np.full(K, self.nu0 + counts.sum())
        if self.shape == "diag":
            scatter = np.array([np.diag(s) for s in scatter])
        elif self.shape == "spherical":
            scatter = np.array([np.trace(s) / D for s in scatter])
        q = {
            "beta": self.beta0 + counts,
            "m": (self.beta0 * self.m0 + r.T @ X) / (self.beta0 + counts)[:, None],
            "nu": nu,
            "v": self.v0 + scatter,
        }
        if self.is_process:
            a, b = 1 + counts, self.concentration + np.array([counts[k + 1 :].sum() for k in range(K)])
            log_stick, log_rest = digamma(a) - digamma(a + b), digamma(b) - digamma(a + b)
            weights = a / (a + b) * np.concatenate([[1], np.cumprod(b / (a + b))[:-1]])
            q.update(a=a, b=b, log_pi=log_stick + np.concatenate([[0], np.cumsum(log_rest)[:-1]]))
            q.update(weights=weights / weights.sum(), log_stick=log_stick, log_rest=log_rest)
        else:
            a = self.concentration + counts
            q.update(a=a, b=None, log_pi=digamma(a) - digamma(a.sum()), weights=a / a.sum())
        return q

    def divergence(self, q):
        total = 0.0
        for k in range(K):
            ratio = self.beta0 / q["beta"][k]
            distance = self.distance((q["m"][k] - self.m0)[None], q["v"][k], q["nu"][k])[0]
            total += 0.5 * (D * (ratio - 1 - np.log(ratio)) + self.beta0 * distance)
        for k in range(1 if self.is_tied else K):
            v, nu = q["v"][k], q["nu"][k]
            if self.shape == "full":

                def log_normaliser(v, nu):
                    return 0.5 * nu * (np.linalg.slogdet(v)[1] - D * np.log(2)) - multigammaln(nu / 2, D)

                total += log_normaliser(v, nu) - log_normaliser(self.v0, self.nu0)
                total += 0.5 * (nu - self.nu0) * self.log_determinant(v, nu)
                total += 0.5 * nu * (np.trace(self.v0 @ np.linalg.inv(v)) - D)
            else:
                scale = D if self.shape == "spherical" else 1
                shape0, shape, rate0, rate = scale * self.nu0 / 2, scale * nu / 2, scale * self.v0 / 2, scale * v / 2
                total += np.sum(
                    (shape - shape0) * digamma(shape)
                    - gammaln(shape)
                    + gammaln(shape0)
                    + shape0 * (np.log(rate) - np.log(rate0))
                    + shape * (rate0 - rate) / rate
                )
        a, b, c = q["a"], q["b"], self.concentration
        if self.is_process:
            total += np.sum(
                betaln(1, c) - betaln(a, b) + (a - 1) * q["log_stick"] + (b - c) * q["log_rest"]
            )
        else:
            total += gammaln(a.sum()) - gammaln(a).sum() - gammaln(K * c) + K * gammaln(c)
            total += np.sum((a - c) * q["log_pi"])
        return total


COVARIANCE = np.cov(X.T)


def case(structure, weight_prior, is_weighted, iterations):
    concentration, beta0, nu0, m0, covariance = 0.1, 1.0, 4.0, X.mean(0), COVARIANCE
    sample_weights = np.ones(N)
    if is_weighted:
        concentration, beta0, nu0, m0 = 2.5, 0.3, 6.5, np.array([5.0, 3.0, 4.0, 1.0])
        covariance = np.diag([0.5, 0.4, 0.3, 0.2]) + 0.1
        sample_weights = 1 + 0.5 * (np.arange(N) % 3)
    v0 = {"full": covariance, "diag": np.diag(covariance), "spherical": np.trace(covariance) / D}[structure.split("_")[-1]]
    model = Model(structure, weight_prior, concentration, beta0, nu0, m0, v0, sample_weights)
    q, bounds = model.m_step(start()), []
    for _ in range(iterations):
        r, likelihood = model.e_step(q)
        bounds.append(likelihood - model.divergence(q))
        q = model.m_step(r)
    planes = 1 if model.is_tied else K
    covariances = np.array([q["v"][k] / q["nu"][k] for k in range(planes)])
    return {
        "covariance_type": structure,
        "weight_prior": weight_prior,
        "sample_weights": "1 + (n mod 3)/2" if is_weighted else None,
        "iterations": iterations,
        "weight_concentration_prior": concentration,
        "mean_precision_prior": beta0,
        "degrees_of_freedom_prior": nu0,
        "mean_prior": m0.tolist(),
        "covariance_prior": np.asarray(v0).tolist(),
        "elbo_after_each_e_step": bounds,
        "weights": q["weights"].tolist(),
        "means": q["m"].tolist(),
        "mean_precision": q["beta"].tolist(),
        "degrees_of_freedom": q["nu"][:planes].tolist(),
        "covariances": covariances.tolist(),
        "weight_a": q["a"].tolist(),
        "weight_b": None if q["b"] is None else q["b"].tolist(),
    }


PRIORS = ["dirichlet_distribution", "dirichlet_process"]
STRUCTURES = ["full", "diag", "spherical", "tied_full", "tied_diag", "tied_spherical"]
cases = [case(structure, prior, False, 25) for structure in STRUCTURES[2:] for prior in PRIORS]
cases += [case(structure, prior, True, 25) for structure in STRUCTURES for prior in PRIORS]

with open("bayes-more.json", "w") as file:
    json.dump({"dataset": "iris", "n_components": K, "cases": cases}, file)
