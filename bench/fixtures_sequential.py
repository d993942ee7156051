"""Writes test/fixtures/{betting,conformal,calibration}.json: bets, prediction sets and calibration by trusted libraries.

    python bench/fixtures_sequential.py      (bench/requirements.txt, and confseq 0.0.11, MAPIE 1.6.0, matplotlib, multiprocess)

On Python 3.11 or later confseq's own pin of pybind11 does not compile; with Boost's headers (libboost-dev) this does:

    pip install scikit-build cmake ninja "pybind11<3" "setuptools<80" wheel matplotlib multiprocess mapie==1.6.0
    pip install --no-build-isolation --no-deps confseq==0.0.11
"""

import json
import math
import pathlib
import warnings
from importlib.metadata import version

import numpy as np
from mapie.classification import SplitConformalClassifier
from mapie.metrics.calibration import expected_calibration_error
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, logit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

np.float_ = np.float64  # confseq's annotations name it so, numpy 2 no more
from confseq.betting import betting_mart  # noqa: E402

OUT = pathlib.Path(__file__).parent.parent / "test" / "fixtures"
SHARES = [0.72, 0.36, 0.18, 0.09, 0.045, 0.0225, 0.01125]
ALPHA = 0.1
BINS = 10


def save(name, value):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(value, allow_nan=False) + "\n")


def source(package, what):
    return f"{package} {version(package)} {what}"


def log_stake(x, m, share):
    """log of prod(1 + share * (x - m) / m): every bet share / m, all on a mean above m, short of where confseq would cut it."""
    constant = lambda x, m: np.repeat(share / m, len(x))  # noqa: E731
    return float(np.log(betting_mart(x, m, lambdas_fn_positive=constant, theta=1, trunc_scale=1, convex_comb=True)[-1]))


def betting_cases():
    """Values of mean m, and above it; 0 or 1, and between."""
    rng = np.random.default_rng(21)
    drawn = [
        (0.1, (rng.random(60) < 0.1).astype(float)),
        (0.05, (rng.random(60) < 0.2).astype(float)),
        (0.3, np.round(rng.beta(3, 7, 60), 4)),
        (0.5, np.round(rng.beta(4, 2, 60), 4)),
    ]
    of = source("confseq", "betting_mart")
    return [{"x": x.tolist(), "m": m, "log_stakes": [log_stake(x, m, share) for share in SHARES], "source": of} for m, x in drawn]


class AsGiven(ClassifierMixin, BaseEstimator):
    """A fitted classifier of rows that are their own probabilities."""

    classes_ = np.arange(3)
    n_features_in_ = 3

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return np.asarray(X)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def __sklearn_is_fitted__(self):
        return True


def rounded(probabilities, digits):
    """Rows that sum to 1."""
    kept = np.round(probabilities, digits)
    kept[:, 2] = np.round(1 - kept[:, 0] - kept[:, 1], digits)
    return kept


def drawn_classes(rng, rows, shares, digits):
    labels = rng.choice(3, rows, p=shares)
    odds = rng.dirichlet(np.ones(3), rows) + 0.6 * np.eye(3)[labels]
    return rounded(odds / odds.sum(axis=1, keepdims=True), digits), labels


def ranked(scores):
    """The ceil((n + 1)(1 - alpha))-th smallest; infinite where there are fewer."""
    rank = math.ceil((len(scores) + 1) * (1 - ALPHA))
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else math.inf


def mapie_sets(probabilities, labels, test):
    """Sets as 0 or 1, and the threshold that MAPIE holds 1 - p against."""
    model = SplitConformalClassifier(AsGiven(), confidence_level=1 - ALPHA, conformity_score="lac", prefit=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*less labels")  # rows of one class, for the sets by class
        _, sets = model.conformalize(probabilities, labels).predict_set(test)
    threshold = float(model._mapie_classifier.quantiles_[0])
    scores = 1 - probabilities[np.arange(len(labels)), labels]
    assert threshold == ranked(scores) and (sets[:, :, 0] == (1 - test <= threshold)).all()  # no use made of its 1e-8
    return sets[:, :, 0].astype(int), threshold


def by_class(probabilities, labels, test):
    """Class k by MAPIE calibrated on the rows of class k alone; in every set, threshold null, where they are too few."""
    sets, thresholds, sources = np.ones((len(test), 3), dtype=int), [], []
    for k in range(3):
        own = probabilities[labels == k]
        few = math.isinf(ranked(1 - own[:, k]))  # MAPIE refuses them
        if not few:
            given, threshold = mapie_sets(own, labels[labels == k], test)
            sets[:, k] = given[:, k]
        thresholds.append(None if few else threshold)
        sources.append("the rule alone, too few rows" if few else source("mapie", "SplitConformalClassifier, lac"))
    return {"rows": np.bincount(labels, minlength=3).tolist(), "thresholds": thresholds, "sets": sets.tolist(), "sources": sources}


def conformal_cases():
    """Probabilities of six digits; and of two, so that many meet a threshold, with a class of too few rows."""
    cases = []
    for seed, shares, digits in [(22, [0.5, 0.3, 0.2], 6), (23, [0.6, 0.38, 0.02], 2)]:
        rng = np.random.default_rng(seed)
        probabilities, labels = drawn_classes(rng, 300, shares, digits)
        test, _ = drawn_classes(rng, 40, shares, digits)
        sets, threshold = mapie_sets(probabilities, labels, test)
        cases.append({
            "alpha": ALPHA,
            "probabilities": probabilities.tolist(),
            "labels": labels.tolist(),
            "test": test.tolist(),
            "marginal": {"threshold": threshold, "sets": sets.tolist(), "source": source("mapie", "SplitConformalClassifier, lac")},
            "by_class": by_class(probabilities, labels, test),
        })
    return cases


def platt(scores, labels):
    """sigmoid(intercept + slope * logit(score)), of the lowest log loss, without a penalty and without Platt's moved targets."""
    values = logit(scores)[:, None]
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(values, labels)
    return {
        "intercept": float(model.intercept_[0]),
        "slope": float(model.coef_[0, 0]),
        "probabilities": model.predict_proba(values)[:, 1].tolist(),
    }


def isotonic(scores, labels):
    """At the scores; and elsewhere, on straight lines between them and level outside."""
    model = IsotonicRegression(out_of_bounds="clip").fit(scores, labels)
    elsewhere = [0, 0.005, *np.arange(0.05, 1, 0.05).round(2).tolist(), 0.995, 1]
    return {
        "probabilities": model.predict(scores).tolist(),
        "elsewhere": elsewhere,
        "elsewhere_probabilities": model.predict(elsewhere).tolist(),
    }


def temperature_case():
    """The T of the lowest mean of -log softmax(log p / T)[label]; T is good to some 1e-8, as a minimum of doubles is."""
    rng = np.random.default_rng(25)
    truth = rng.normal(0, 1.2, (300, 3))
    labels = (rng.random((300, 1)) > softmax(truth, axis=1).cumsum(axis=1)).sum(axis=1)
    probabilities = rounded(0.01 + 0.97 * softmax(1.8 * truth, axis=1), 6)
    logs = np.log(probabilities)
    loss = lambda t: -log_softmax(logs / t, axis=1)[np.arange(300), labels].mean()  # noqa: E731
    found = minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-10})
    return {
        "probabilities": probabilities.tolist(),
        "labels": labels.tolist(),
        "temperature": float(found.x),
        "log_loss_before": log_loss(labels, probabilities),
        "log_loss": log_loss(labels, softmax(logs / found.x, axis=1)),
    }


def expected_error(scores, labels):
    """Expected calibration error: the sum over bins of (rows of the bin / rows) * |mean of its labels - mean of its scores|.

    Bins by quantiles: the upper edge of bin b = 1 .. 9 is the (n * b / 10)-th smallest score, the tenth has none; a score is of
    the first bin whose edge it does not exceed. No two equal scores lie on both sides of a cut here, so that each tenth of the
    sorted scores is a bin. This is what MAPIE calls "array split", given sorted scores (its "quantile" has other edges).
    """
    order = np.argsort(scores, kind="stable")
    scores, labels = scores[order], labels[order]
    cuts = np.arange(1, BINS) * len(scores) // BINS
    assert (scores[cuts - 1] < scores[cuts]).all()
    off = [abs(y.mean() - p.mean()) * len(p) / len(scores) for y, p in zip(np.split(labels, cuts), np.split(scores, cuts))]
    error = expected_calibration_error(labels, scores, num_bins=BINS, split_strategy="array split")
    assert math.isclose(error, sum(off), rel_tol=1e-12)
    return error


def calibration_case():
    """Scores too sure and too high, within (0.01, 0.99), some of them equal."""
    rng = np.random.default_rng(24)
    truth = rng.normal(-0.3, 1.2, 400)
    labels = (rng.random(400) < expit(truth)).astype(int)
    scores = np.clip(np.round(expit(1.8 * truth + 0.4), 4), 0.01, 0.99)
    return {
        "scores": scores.tolist(),
        "labels": labels.tolist(),
        "platt": platt(scores, labels),
        "isotonic": isotonic(scores, labels),
        "temperature": temperature_case(),
        "expected_calibration_error": expected_error(scores, labels),
        "source": f"{source('scikit-learn', 'LogisticRegression, IsotonicRegression')}; {source('scipy', 'minimize_scalar')}; "
        + source("mapie", "expected_calibration_error"),
    }


save("betting", betting_cases())
save("conformal", conformal_cases())
save("calibration", calibration_case())
