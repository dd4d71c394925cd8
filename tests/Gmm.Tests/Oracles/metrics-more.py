"""Writes metrics-more.json: measures of clusterings by scikit-learn and SciPy, on cases that are awkward on purpose."""

import json
import numpy as np
import scipy
import sklearn
from scipy.optimize import linear_sum_assignment
from sklearn import datasets, metrics
from sklearn.mixture import GaussianMixture

random = np.random.RandomState(20240229)

SUPERVISED = {
    "rand": metrics.rand_score,
    "adjusted_rand": metrics.adjusted_rand_score,
    "mutual_information": metrics.mutual_info_score,
    "adjusted_mutual_information": metrics.adjusted_mutual_info_score,
    "normalized_mutual_information": metrics.normalized_mutual_info_score,
    "fowlkes_mallows": metrics.fowlkes_mallows_score,
    "homogeneity": metrics.homogeneity_score,
    "completeness": metrics.completeness_score,
    "v_measure": metrics.v_measure_score,
}


def labellings(name, truth, predicted):
    scores = {key: float(score(truth, predicted)) for key, score in SUPERVISED.items()}
    return {"name": name, "truth": list(map(int, truth)), "predicted": list(map(int, predicted)), "scores": scores}


def noisy(truth, labels, share):
    other = random.choice(labels, len(truth))
    return np.where(random.rand(len(truth)) < share, other, truth)


classes = random.choice([-7, 0, 3, 1000000], 60)
many = random.randint(0, 30, 2000)
supervised = [
    labellings("independent, labels with gaps and signs", classes, random.choice([-1, 5, 6, 9, 2147483647], 60)),
    labellings("alike, labels with gaps and signs", classes, noisy(classes, [-7, 0, 3, -2147483648], 0.3)),
    labellings("one class, three labels", np.zeros(9), np.arange(9) % 3),
    labellings("three classes, one label", np.arange(9) % 3, np.zeros(9)),
    labellings("one class, one label", np.zeros(5), np.ones(5)),
    labellings("every row its own label", np.arange(12) % 4, np.arange(12)),
    labellings("two rows, apart and together", [0, 1], [4, 4]),
    labellings("unequal sizes", np.repeat([0, 1, 2], [1, 200, 3]), np.repeat([0, 1, 2, 1], [100, 2, 100, 2])),
    labellings("thirty classes, fifty labels", many, noisy(many, np.arange(50), 0.6)),
]


def report(name, truth, predicted):
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    classes, labels = np.unique(truth), np.unique(predicted)
    table = metrics.cluster.contingency_matrix(truth, predicted)
    rows, columns = linear_sum_assignment(-table)
    matched = {labels[j]: classes[i] for i, j in zip(rows, columns)}
    nothing = classes.max() + 1
    renamed = np.array([matched.get(label, nothing) for label in predicted])
    values = metrics.precision_recall_fscore_support(truth, renamed, labels=classes, zero_division=0)
    average = {
        kind: list(
            metrics.precision_recall_fscore_support(truth, renamed, labels=classes, zero_division=0, average=kind)[:3]
        )
        for kind in ("macro", "weighted")
    }
    return {
        "name": name,
        "truth": truth.tolist(),
        "predicted": predicted.tolist(),
        "precision": values[0].tolist(),
        "recall": values[1].tolist(),
        "f1": values[2].tolist(),
        "support": values[3].tolist(),
        "accuracy": float((truth == renamed).mean()),
        **average,
    }


six = noisy(np.repeat([4, -1, 8], [50, 30, 70]), [20, 21, 22, 23, 24, 25], 0.4)
reports = [
    report("as many labels as classes", classes, noisy(classes, [-7, 0, 3, 1000000], 0.4)),
    report("more labels than classes", np.repeat([4, -1, 8], [50, 30, 70]), six),
    report("fewer labels than classes", six, noisy(six % 2, [0, 1], 0.3)),
]


def scores(name, truth, values):
    if values.shape[1] == 2:
        area = metrics.roc_auc_score(truth, values[:, 1])
    else:
        area = metrics.roc_auc_score(truth, values, multi_class="ovr", average="macro")
    return {"name": name, "truth": list(map(int, truth)), "scores": values.tolist(), "area": float(area)}


# Shares of sixteen are exact, and many rows have the same.
three = random.choice([-2, 5, 9], 120)
roc = [
    scores("three classes", three, np.array([random.multinomial(16, np.where(np.array([-2, 5, 9]) == c, 0.5, 0.25)) for c in three]) / 16),
    scores("three classes, by chance", three, random.multinomial(16, [0.4, 0.4, 0.2], 120) / 16),
    scores("two classes", three == 5, np.array([[1 - k / 8, k / 8] for k in random.binomial(8, np.where(three == 5, 0.6, 0.4))])),
]


def rows(name, x, labels):
    return {
        "name": name,
        "rows": x.tolist(),
        "labels": list(map(int, labels)),
        "silhouettes": metrics.silhouette_samples(x, labels).tolist(),
        "silhouette": float(metrics.silhouette_score(x, labels)),
        "davies_bouldin": float(metrics.davies_bouldin_score(x, labels)),
        "calinski_harabasz": float(metrics.calinski_harabasz_score(x, labels)),
    }


centres = np.array([[0, 0, 0], [4, 0, 1], [0, 5, 2], [9, 9, 9]])
of = np.repeat([0, 1, 2], [30, 20, 29])
x = np.round(np.concatenate([centres[of] + random.randn(79, 3) * 1.5, [[9, 9, 9]]]), 1)
labelled = [
    rows("one row alone", x, np.append(of * 10 - 5, 77)),
    rows("labels by chance", x, random.randint(0, 5, 80)),
    rows("one column", x[:, :1], np.append(of, 0)),
]

matching = []
for size in [(1, 1), (1, 6), (7, 3), (20, 20), (25, 40), (60, 35)]:
    costs = np.round(random.randn(*size) * 10, 2)
    chosen = linear_sum_assignment(costs)
    matching.append({"costs": costs.tolist(), "total": float(costs[chosen].sum())})

iris = datasets.load_iris()
one_hot = np.eye(3)[iris.target]
counts = one_hot.sum(0)
means = one_hot.T @ iris.data / counts[:, None]
precisions = [np.linalg.inv(np.cov(iris.data[iris.target == k].T, bias=True)) for k in range(3)]
fit = GaussianMixture(3, tol=1e-15, max_iter=10000, reg_covar=0, weights_init=counts / 150, means_init=means, precisions_init=precisions)
fit.fit(iris.data)
likeliest = fit.predict_proba(iris.data).max(1)
icl = {"bic": float(fit.bic(iris.data)), "icl": float(fit.bic(iris.data) - 2 * np.log(likeliest).sum())}

with open("metrics-more.json", "w") as file:
    json.dump(
        {
            "source": f"scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}",
            "labellings": supervised,
            "reports": reports,
            "roc": roc,
            "labelled_rows": labelled,
            "matching": matching,
            "iris_full_from_labels": icl,
        },
        file,
    )
