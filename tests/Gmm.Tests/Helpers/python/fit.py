"""Fits a mixture by scikit-learn, writes its numbers as an .npz archive, and prints ln p of every row.

Arguments: the archive, rows as CSV, the covariance type, how many components, savez or savez_compressed, the type of the
numbers (f8 or f4), and the keys to leave out, joined by commas.
"""

import sys
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

warnings.simplefilter("ignore", ConvergenceWarning)
archive, rows, covariance_type, components, save, kind, without = sys.argv[1:]
rows = np.loadtxt(rows, delimiter=",", ndmin=2)
model = GaussianMixture(int(components), covariance_type=covariance_type, max_iter=20, random_state=0).fit(rows)

arrays = {
    "weights_": model.weights_,
    "means_": model.means_,
    "covariances_": model.covariances_,
    "precisions_cholesky_": model.precisions_cholesky_,
}
arrays = {key: value.astype(kind) for key, value in arrays.items() if key not in without.split(",")}
getattr(np, save)(archive, **arrays)

for density in model.score_samples(rows):
    print(repr(float(density)))
