"""Prints ln p of every row under a mixture in an .npz archive, by scikit-learn. Arguments: the archive, rows as CSV."""

import sys

import numpy as np
from sklearn.mixture import GaussianMixture

# Archives are read without pickle: the default of numpy.load.
saved = np.load(sys.argv[1])
rows = np.loadtxt(sys.argv[2], delimiter=",", ndmin=2)

model = GaussianMixture(len(saved["weights_"]), covariance_type=str(saved["covariance_type"]))
model.weights_ = saved["weights_"]
model.means_ = saved["means_"]
model.covariances_ = saved["covariances_"]
model.precisions_cholesky_ = saved["precisions_cholesky_"]

for density in model.score_samples(rows):
    print(repr(float(density)))
