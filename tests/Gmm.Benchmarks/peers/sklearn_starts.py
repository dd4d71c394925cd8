#!/usr/bin/env python3
"""scikit-learn's side of `bench peers starts`; needs what sklearn_em.py needs.

usage: sklearn_starts.py FILE ...

Each FILE is raw little-endian float64, row by row; its name is COMPONENTS_FEATURES_… . Prints a line of JSON: for each
file, in order, the mean log-likelihood of a row after a fit of full covariances from one k-means start, and after the
best of ten. Options have their defaults, except max_iter = 1000.
"""
import json
import os
import sys
import warnings

import numpy as np
from sklearn.mixture import GaussianMixture

warnings.filterwarnings("ignore")  # Some fits need more iterations.
found = []

for path in sys.argv[1:]:
    components, features = (int(word) for word in os.path.basename(path).split("_")[:2])
    X = np.fromfile(path).reshape(-1, features)

    def objective(starts):
        return GaussianMixture(components, n_init=starts, max_iter=1000, random_state=0).fit(X).score(X)

    found.append([objective(1), objective(10)])

print(json.dumps(found))
