"""One task of the benchmark, as a person would write it with the Python libraries. Prints one JSON object.

    python bench/peers.py TASK ARGUMENTS…     (bench.ts calls it and says what each task measures)
"""

import json
import os
import resource
import sys
import time

threads = int(os.environ.get("THREADS", "1"))
os.environ["OMP_NUM_THREADS"] = str(threads)

import numpy as np  # noqa: E402  (after OMP_NUM_THREADS)


def load(folder):
    shape = json.load(open(f"{folder}/shape.json"))
    values = np.fromfile(f"{folder}/values.bin").reshape(shape["rows"], shape["features"])
    return values, np.fromfile(f"{folder}/target.bin", dtype=np.uint8)


def make_model(library, seed=0):
    if library == "sklearn-forest":
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(100, max_depth=10, random_state=seed, n_jobs=threads)
    if library == "sklearn-logistic":
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    if library == "lightgbm":
        import lightgbm

        return lightgbm.LGBMClassifier(n_estimators=100, num_leaves=31, learning_rate=0.1, n_jobs=threads, random_state=seed, verbose=-1)
    import xgboost

    return xgboost.XGBClassifier(n_estimators=100, max_leaves=31, max_depth=0, grow_policy="lossguide", learning_rate=0.1, tree_method="hist", n_jobs=threads, random_state=seed)


def score(labels, probabilities):
    from sklearn import metrics

    return {
        "roc_auc": metrics.roc_auc_score(labels, probabilities),
        "pr_auc": metrics.average_precision_score(labels, probabilities),
        "f1": metrics.f1_score(labels, probabilities >= 0.5),
    }


def quality(folder, library):
    """Metrics on every split of splits.json: a list of [train rows, test rows]."""
    values, target = load(folder)
    return [
        score(target[test], make_model(library, seed).fit(values[train], target[train]).predict_proba(values[test])[:, 1])
        for seed, (train, test) in enumerate(json.load(open(f"{folder}/splits.json")))
    ]


def fit(folder, library):
    """Median seconds to fit after a warm-up where that is cheap, AUC on the held rows, and peak memory in MB."""
    values, target = load(folder)
    held = len(target) // 10
    train_values, train_target = values[held:], target[held:]
    warmups, repeats = (1, 3) if len(target) < 50_000 else (1, 1) if len(target) < 200_000 else (0, 1)
    times = []
    for _ in range(warmups + repeats):
        start = time.perf_counter()
        model = make_model(library).fit(train_values, train_target)
        times.append(time.perf_counter() - start)
    seconds = sorted(times[warmups:])[repeats // 2]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.perf_counter()
    probabilities = model.predict_proba(values[:held])[:, 1]
    return {"seconds": seconds, "memory_mb": memory, "rows_per_second": held / (time.perf_counter() - start), **score(target[:held], probabilities)}


def whole(csv):
    """The job of make train: read, features, five folds out of fold, threshold, final fit, model on disk."""
    import pickle

    import pandas as pd
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    data = pd.read_csv(csv)
    features = pd.get_dummies(data[["Type"]]).astype(float)
    for name in ["Air temperature [K]", "Process temperature [K]", "Rotational speed [rpm]", "Torque [Nm]", "Tool wear [min]"]:
        features[name] = data[name]
    features["power"] = data["Torque [Nm]"] * data["Rotational speed [rpm]"] * 2 * np.pi / 60
    features["difference"] = data["Process temperature [K]"] - data["Air temperature [K]"]
    features["wear_torque"] = data["Tool wear [min]"] * data["Torque [Nm]"]
    target = data["Machine failure"].to_numpy()
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_val_predict(make_model("sklearn-forest"), features, target, cv=folds, method="predict_proba")[:, 1]
    report = score(target, scores)
    model = make_model("sklearn-forest").fit(features, target)
    with open(os.devnull, "wb") as file:
        pickle.dump(model, file)
    return report


print(json.dumps({"quality": quality, "fit": fit, "whole": whole}[sys.argv[1]](*sys.argv[2:])))
