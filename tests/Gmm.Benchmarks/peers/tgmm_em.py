#!/usr/bin/env python3
"""tgmm's side of `dotnet fsi build.fsx bench peers`; needs the Python packages torch and tgmm.

usage: tgmm_em.py DATA ROWS FEATURES COMPONENTS STRUCTURE ITERATIONS TOLERANCE SECONDS

The words are those of sklearn_em.py; TOLERANCE is not used. tgmm keeps its parameters in float32, so the data are float32,
too. It has no hook for an iteration: a fit's time is divided by the number of iterations.
"""
import json
import sys
import time

import numpy as np
import torch
from tgmm import GaussianMixture

path, structure = sys.argv[1], sys.argv[5]
rows, features, components, iterations = (int(sys.argv[i]) for i in (2, 3, 4, 6))
seconds = float(sys.argv[8])
X = torch.from_numpy(np.fromfile(path, count=rows * features).reshape(rows, features).astype(np.float32))

times = []
begin = time.perf_counter()
while not times or time.perf_counter() - begin < seconds:
    model = GaussianMixture(
        n_components=components,
        n_features=features,
        covariance_type=structure,
        tol=0.0,
        reg_covar=0.0,
        max_iter=iterations,
        means_init=X[:components].clone(),
        cov_init_method="eye",
        device="cpu",
    )
    start = time.perf_counter()
    model.fit(X)
    times.append((time.perf_counter() - start) / iterations)

print(
    json.dumps(
        {"milliseconds": 1e3 * min(times), "first": 1e3 * times[0], "objective": float(model.lower_bound_)}
    )
)
