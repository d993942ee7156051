"""Writes test/fixtures/*.json: values that trusted libraries compute, for the tests to hold ours against.

    python bench/fixtures.py      (in an environment made from bench/requirements.txt)
"""

import json
import pathlib

import numpy as np
import scipy.stats
import xgboost
from sklearn import metrics
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

OUT = pathlib.Path(__file__).parent.parent / "test" / "fixtures"


def save(name, value):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(value) + "\n")


def metric_cases():
    rng = np.random.default_rng(1)
    cases = []
    for rows, positive, digits in [(50, 0.3, 1), (400, 0.04, 2), (200, 0.5, 6)]:
        labels = (rng.random(rows) < positive).astype(int)
        scores = np.round(np.clip(0.4 * labels + rng.normal(0.3, 0.2, rows), 0, 1), digits)
        classed = (scores >= 0.5).astype(int)
        cases.append({
            "labels": labels.tolist(),
            "scores": scores.tolist(),
            "threshold": 0.5,
            "roc_auc": metrics.roc_auc_score(labels, scores),
            "pr_auc": metrics.average_precision_score(labels, scores),
            "accuracy": metrics.accuracy_score(labels, classed),
            "precision": metrics.precision_score(labels, classed, zero_division=0),
            "recall": metrics.recall_score(labels, classed, zero_division=0),
            "f1": metrics.f1_score(labels, classed, zero_division=0),
            "log_loss": metrics.log_loss(labels, scores),
            "brier": metrics.brier_score_loss(labels, scores),
        })
    return cases


def metric_classes_case():
    rng = np.random.default_rng(9)
    labels = rng.choice(4, 300, p=[0.5, 0.3, 0.15, 0.05])
    scores = rng.dirichlet(np.ones(4), 300) + 0.5 * np.eye(4)[labels]
    scores = np.round(scores / scores.sum(axis=1, keepdims=True), 6)
    scores[:, 3] = 1 - scores[:, :3].sum(axis=1)
    given = scores.argmax(axis=1)
    ratios = {"precision": metrics.precision_score, "recall": metrics.recall_score, "f1": metrics.f1_score}
    each = [(labels == k).astype(int) for k in range(4)]
    per_class = {name: ratio(labels, given, average=None).tolist() for name, ratio in ratios.items()}
    per_class["roc_auc"] = [metrics.roc_auc_score(each[k], scores[:, k]) for k in range(4)]
    per_class["pr_auc"] = [metrics.average_precision_score(each[k], scores[:, k]) for k in range(4)]
    macro = {name: ratio(labels, given, average="macro") for name, ratio in ratios.items()}
    macro["accuracy"] = metrics.accuracy_score(labels, given)
    macro["roc_auc"] = metrics.roc_auc_score(labels, scores, multi_class="ovr", average="macro")
    macro["pr_auc"] = metrics.average_precision_score(np.eye(4)[labels], scores, average="macro")
    return {
        "labels": labels.tolist(),
        "scores": scores.tolist(),
        "confusion": metrics.confusion_matrix(labels, given).tolist(),
        "macro": macro,
        "weighted": {name: ratio(labels, given, average="weighted") for name, ratio in ratios.items()},
        "per_class": per_class,
        "log_loss": metrics.log_loss(labels, scores),
    }


def drift_cases():
    rng = np.random.default_rng(2)
    cases = []
    for shift in (0.0, 0.3, 2.0):
        reference = np.round(rng.normal(0, 1, 700), 3)
        batch = np.round(rng.normal(shift, 1.2, 300), 3)
        edges = np.unique(np.sort(reference)[np.ceil(np.arange(1, 10) * 700 / 10).astype(int) - 1])
        counts = np.array([np.bincount(np.searchsorted(edges, x, side="left"), minlength=10) for x in (reference, batch)])
        p, q = (counts + 0.5) / (counts + 0.5).sum(axis=1, keepdims=True)
        cases.append({
            "reference": reference.tolist(),
            "batch": batch.tolist(),
            "counts": counts.tolist(),
            "psi": float(np.sum((q - p) * np.log(q / p))),
            "ks": float(scipy.stats.ks_2samp(reference, batch).statistic),
            "p_value": float(scipy.stats.chi2_contingency(counts, correction=False).pvalue),
        })
    return cases


def false_discovery_case():
    p = [0.0001, 0.2, 0.004, 0.019, 0.041, 0.9, 0.0249, 0.6]
    return {"p": p, "adjusted": scipy.stats.false_discovery_control(p).tolist()}


def wilson_cases():
    cases = []
    for events, trials in [(0, 10), (3, 40), (58, 7000), (10, 10)]:
        interval = scipy.stats.binomtest(events, trials).proportion_ci(0.95, method="wilson")
        cases.append({"events": events, "trials": trials, "low": interval.low, "high": interval.high})
    return cases


def table(seed, rows=300, features=5):
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(0, 1, (rows, features)) * 64) / 64  # exact in float32
    margin = values[:, 0] + values[:, 1] * values[:, 2] - 0.5
    labels = (rng.random(rows) < 1 / (1 + np.exp(-2 * margin))).astype(int)
    return values, labels


def forest_case():
    values, labels = table(3)
    model = RandomForestClassifier(7, max_depth=6, random_state=0).fit(values, labels)
    trees = []
    for estimator in model.estimators_:
        tree = estimator.tree_
        trees.append({
            "feature": tree.feature.tolist(),
            "threshold": tree.threshold.tolist(),
            "left": tree.children_left.tolist(),
            "right": tree.children_right.tolist(),
            "value": (tree.value[:, 0, :] / tree.value[:, 0, :].sum(axis=1, keepdims=True)).tolist(),
        })
    return {"values": values.tolist(), "trees": trees, "probabilities": model.predict_proba(values)[:, 1].tolist()}


def boosting_case():
    values, labels = table(4)
    holes = values.copy()
    holes[np.random.default_rng(5).random(values.shape) < 0.1] = np.nan
    model = xgboost.XGBClassifier(n_estimators=9, max_depth=4, learning_rate=0.3, tree_method="hist").fit(holes, labels)
    booster = model.get_booster()
    base = float(json.loads(booster.save_config())["learner"]["learner_model_param"]["base_score"].strip("[]"))
    return {
        "values": [[None if np.isnan(x) else float(x) for x in row] for row in holes],
        "trees": [json.loads(tree) for tree in booster.get_dump(dump_format="json")],
        "base": float(np.log(base / (1 - base))),
        "probabilities": model.predict_proba(holes)[:, 1].astype(float).tolist(),
    }


def boosting_classes_case():
    """Three classes: xgboost grows a tree for each class in every round."""
    values, _ = table(8)
    labels = np.digitize(values[:, 0] + values[:, 1] * values[:, 2], [-0.5, 0.5])
    model = xgboost.XGBClassifier(n_estimators=6, max_depth=3, learning_rate=0.3, tree_method="hist").fit(values, labels)
    booster = model.get_booster()
    rows = values[:30]
    contributions = booster.predict(xgboost.DMatrix(rows), pred_contribs=True)
    return {
        "values": rows.tolist(),
        "trees": [json.loads(tree) for tree in booster.get_dump(dump_format="json", with_stats=True)],
        "base": [float(x) for x in json.loads(booster.save_config())["learner"]["learner_model_param"]["base_score"].strip("[]").split(",")],
        "probabilities": model.predict_proba(rows).astype(float).tolist(),
        "contributions": contributions.astype(float).tolist(),
    }


def logistic_case():
    values, labels = table(6)
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    fits = {
        name: LogisticRegression(tol=1e-10, max_iter=10_000, **settings).fit(scaled, labels)
        for name, settings in {"plain": {"C": 1}, "strong": {"C": 0.01}, "balanced": {"C": 1, "class_weight": "balanced"}}.items()
    }
    return {
        "values": scaled.tolist(),
        "labels": labels.tolist(),
        "fits": {name: {"intercept": float(model.intercept_[0]), "coefficients": model.coef_[0].tolist()} for name, model in fits.items()},
    }


def logistic_classes_case():
    values, _ = table(10)
    noise = np.random.default_rng(11).normal(0, 1, len(values))
    labels = np.digitize(values[:, 0] + values[:, 1] + noise, [-0.7, 0.7])
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    model = LogisticRegression(C=0.1, tol=1e-10, max_iter=10_000).fit(scaled, labels)
    return {"values": scaled.tolist(), "labels": labels.tolist(), "probabilities": model.predict_proba(scaled).tolist()}


def fairness_case():
    from fairlearn import metrics as fair

    rng = np.random.default_rng(12)
    groups = rng.choice(["a", "b", "c"], 600, p=[0.6, 0.3, 0.1])
    truth = (rng.random(600) < np.select([groups == "a", groups == "b"], [0.5, 0.3], 0.2)).astype(int)
    scores = np.round(np.clip(0.3 * truth + rng.normal(0.35, 0.2, 600) + 0.1 * (groups == "a"), 0, 1), 2)
    given = (scores >= 0.5).astype(int)
    frame = fair.MetricFrame(
        metrics={
            "selection_rate": fair.selection_rate,
            "tpr": fair.true_positive_rate,
            "fpr": fair.false_positive_rate,
            "precision": metrics.precision_score,
        },
        y_true=truth, y_pred=given, sensitive_features=groups,
    )
    of = dict(sensitive_features=groups)
    return {
        "groups": groups.tolist(),
        "truth": truth.tolist(),
        "scores": scores.tolist(),
        "given": given.tolist(),
        "by_group": {name: frame.by_group[name].to_dict() for name in frame.by_group.columns},
        "roc_auc": {g: metrics.roc_auc_score(truth[groups == g], scores[groups == g]) for g in "abc"},
        "demographic_parity": fair.demographic_parity_difference(truth, given, **of),
        "equal_opportunity": fair.equal_opportunity_difference(truth, given, **of),
        "equalized_odds": fair.equalized_odds_difference(truth, given, **of),
    }


def shap_case():
    """Trees in our format (right child after the left), and what shap says of the first rows, by both methods."""
    import shap

    values, labels = table(7)
    model = RandomForestClassifier(6, max_depth=5, random_state=0).fit(values, labels)
    rows, background = values[:20].astype(np.float64), values[100:130].astype(np.float64)
    kept = dict(model_output="raw")
    by_path = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent", **kept)
    against = shap.TreeExplainer(model, background, feature_perturbation="interventional", **kept)

    def ours(tree):
        order, out = [0], {"feature": [], "threshold": [], "left": [], "missing_left": [], "value": [], "cover": []}
        for node in order:
            if tree.children_left[node] >= 0:
                order += [tree.children_left[node], tree.children_right[node]]
        place = {node: i for i, node in enumerate(order)}
        for node in order:
            leaf = tree.children_left[node] < 0
            share = tree.value[node][0] / tree.value[node][0].sum()
            out["feature"].append(0 if leaf else int(tree.feature[node]))
            out["threshold"].append(0 if leaf else float(tree.threshold[node]))
            out["left"].append(0 if leaf else place[tree.children_left[node]])
            out["missing_left"].append(0)
            out["value"].append(share.tolist())
            out["cover"].append(float(tree.weighted_n_node_samples[node]))
        return out

    return {
        "trees": [ours(tree.tree_) for tree in model.estimators_],
        "rows": rows.tolist(),
        "background": background.tolist(),
        "base": float(by_path.expected_value[1]),
        "path_dependent": by_path.shap_values(rows)[:, :, 1].tolist(),
        "interventional": against.shap_values(rows)[:, :, 1].tolist(),
    }


save("metrics", metric_cases())
save("metrics_classes", metric_classes_case())
save("drift", drift_cases())
save("false_discovery", false_discovery_case())
save("wilson", wilson_cases())
save("forest", forest_case())
save("boosting", boosting_case())
save("boosting_classes", boosting_classes_case())
save("logistic", logistic_case())
save("logistic_classes", logistic_classes_case())
save("fairness", fairness_case())
save("shap", shap_case())
