"""What any-table.ts asks of the Python libraries, as a person would write it. Prints one JSON value.

    python bench/peers_tables.py TASK ARGUMENTS…
"""

import json
import os
import sys
import time

threads = int(os.environ.get("THREADS", "1"))

import numpy as np  # noqa: E402  (after OMP_NUM_THREADS)
import pandas as pd  # noqa: E402


def make_model(library, seed=0):
    if library == "forest":
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(100, max_depth=10, random_state=seed, n_jobs=threads)
    if library == "logistic":
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    if library == "lightgbm":
        import lightgbm

        return lightgbm.LGBMClassifier(n_estimators=100, n_jobs=threads, random_state=seed, verbose=-1)
    import xgboost

    return xgboost.XGBClassifier(n_estimators=100, tree_method="hist", n_jobs=threads, random_state=seed)


def read(path, target, columns=None):
    data = pd.read_csv(path, keep_default_na=False, na_values=[""])
    inputs = data[columns] if columns else data.drop(columns=[target])
    features = pd.get_dummies(inputs).astype(float)
    features.columns = [f"f{i}" for i in range(features.shape[1])]
    return features, data[target].to_numpy()


def accuracy(path, target, library, splits):
    features, labels = read(path, target)
    codes = pd.factorize(labels, sort=True)[0]
    return [
        float(np.mean(make_model(library, seed).fit(features.iloc[train], codes[train]).predict(features.iloc[test]) == codes[test]))
        for seed, (train, test) in enumerate(json.load(open(splits)))
    ]


def census(train, test, target, columns):
    from sklearn.metrics import roc_auc_score

    both = pd.concat([pd.read_csv(path, keep_default_na=False, na_values=[""]) for path in (train, test)])
    features = pd.get_dummies(both[columns.split(",")]).astype(float)
    features.columns = [f"f{i}" for i in range(features.shape[1])]
    labels = both[target].to_numpy()
    count = sum(1 for _ in open(train)) - 1
    return {
        library: roc_auc_score(labels[count:], make_model(library).fit(features[:count], labels[:count]).predict_proba(features[count:])[:, 1])
        for library in ("lightgbm", "xgboost")
    }


def folds(path, target, columns, library):
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    features, labels = read(path, target, columns.split(","))
    features = features.fillna(features.median())
    return float(cross_val_score(make_model(library), features, labels, scoring="roc_auc", cv=StratifiedKFold(5, shuffle=True, random_state=1)).mean())


def shap(path):
    import shap as library

    data = json.load(open(path))
    rows = np.array([[np.nan if x is None else x for x in row] for row in data["rows"]], dtype=float)
    trees = []
    for tree in data["trees"]:
        left = np.array([at if at else -1 for at in tree["left"]])
        right = np.where(left < 0, -1, left + 1)
        trees.append({
            "children_left": left,
            "children_right": right,
            "children_default": np.where(np.array(tree["missing_left"]) == 1, left, right),
            "features": np.where(left < 0, -2, np.array(tree["feature"])),
            "thresholds": np.array(tree["threshold"], dtype=float),
            "values": np.array([[value[1] / len(data["trees"])] for value in tree["value"]]),
            "node_sample_weight": np.array(tree["cover"], dtype=float),
        })
    explainer = library.TreeExplainer({"trees": trees, "base_offset": 0}, feature_perturbation="tree_path_dependent")
    times = []
    for _ in range(4):
        start = time.perf_counter()
        values = explainer.shap_values(rows)
        times.append(time.perf_counter() - start)
    return {"seconds": sorted(times[1:])[1], "first": np.asarray(values)[0].ravel().tolist()}


def search(csv, trials, jobs):
    from scipy.stats import loguniform, randint
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import RandomizedSearchCV, StratifiedKFold

    start = time.perf_counter()
    data = pd.read_csv(csv, encoding="utf-8-sig")[:7000]
    features = pd.get_dummies(data[["Type"]]).astype(float)
    for name in ["Air temperature [K]", "Process temperature [K]", "Rotational speed [rpm]", "Torque [Nm]", "Tool wear [min]"]:
        features[name] = data[name]
    features["power"] = data["Torque [Nm]"] * data["Rotational speed [rpm]"] * 2 * np.pi / 60
    features["difference"] = data["Process temperature [K]"] - data["Air temperature [K]"]
    features["wear_torque"] = data["Tool wear [min]"] * data["Torque [Nm]"]

    class WholeLog:
        def __init__(self, low, high):
            self.of = loguniform(low, high + 1)

        def rvs(self, random_state=None):
            return int(self.of.rvs(random_state=random_state))

    found = RandomizedSearchCV(
        RandomForestClassifier(random_state=0, n_jobs=1),
        {"n_estimators": WholeLog(50, 300), "max_depth": randint(4, 17), "min_samples_leaf": WholeLog(1, 20), "max_features": ["sqrt", None, 4]},
        n_iter=int(trials), scoring="average_precision", n_jobs=int(jobs), random_state=7,
        cv=StratifiedKFold(5, shuffle=True, random_state=7), refit=False,
    ).fit(features, data["Machine failure"])
    return {"seconds": time.perf_counter() - start, "best": float(found.best_score_)}


def large_table(path, rows):
    count, rng = int(rows), np.random.default_rng(1)
    table = {f"x{i}": np.round(rng.normal(size=count), 4) for i in range(16)}
    for j, names in enumerate([["a", "b", "c"], ["north", "south", "east", "west"], ["Yes", "No"]]):
        table[f"c{j}"] = rng.choice(names, count)
    margin = table["x0"] + table["x1"] * table["x2"] + (table["c1"] == "north") - 0.5
    table["y"] = np.where(rng.random(count) < 1 / (1 + np.exp(-2 * margin)), "yes", "no")
    pd.DataFrame(table).to_csv(path, index=False)
    return {}


def large(csv):
    """Reads, describes the columns, holds out a fifth, scores the rest out of fold, fits the final model and saves it."""
    import pickle

    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import average_precision_score, roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split

    start = time.perf_counter()
    data = pd.read_csv(csv)
    data.describe(include="all")
    features = data.drop(columns=["y"])
    for name in features.select_dtypes(exclude="number").columns:
        features[name] = features[name].astype("category")
    labels = (data["y"] == "yes").to_numpy()
    train, _, target, _ = train_test_split(features, labels, test_size=0.2, random_state=0, stratify=labels)
    model = HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=31, learning_rate=0.1, early_stopping=False, categorical_features="from_dtype", random_state=0)
    scores = cross_val_predict(model, train, target, cv=StratifiedKFold(5, shuffle=True, random_state=0), method="predict_proba")[:, 1]
    report = {"roc_auc": roc_auc_score(target, scores), "pr_auc": average_precision_score(target, scores)}
    # Intervals as ours have them: percentiles of a thousand resamplings.
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(1000):
        rows = rng.integers(0, len(target), len(target))
        draws.append(np.mean((scores[rows] >= 0.5) == target[rows]))
    report["accuracy"] = np.percentile(draws, [2.5, 97.5]).tolist()
    model.fit(train, target)
    with open(os.devnull, "wb") as file:
        pickle.dump(model, file)
    return {"seconds": time.perf_counter() - start, **report}


TASKS = {f.__name__: f for f in (accuracy, census, folds, shap, search, large_table, large)}
print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
