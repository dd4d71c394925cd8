"""Fits Old Faithful with scikit-learn for the page em-from-scratch: python3 docs/em-from-scratch.py > docs/em-from-scratch.json"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture

data = np.loadtxt(pathlib.Path(__file__).parent / "../data/faithful.csv", delimiter=",", skiprows=1)
start = np.array([[2.5, 80.0], [4.0, 55.0]])
fit = GaussianMixture(2, tol=1e-9, reg_covar=0, max_iter=1000, means_init=start, random_state=0).fit(data)

print(
    json.dumps(
        {
            "program": f"scikit-learn {sklearn.__version__}",
            "weights": fit.weights_.tolist(),
            "means": fit.means_.tolist(),
            "covariances": fit.covariances_.tolist(),
            "labels": fit.predict(data).tolist(),
            "log_likelihood": fit.score(data) * len(data),
        },
        indent=1,
    )
)
