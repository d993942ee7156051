"""Known answers: SDMetrics of two tables (likeness.json); OpenDP's discrete Gaussian and the accounting of dpmm's MST (noise.json)."""

import json
import pathlib

import numpy as np
import opendp.prelude as dp
import pandas as pd
from sdmetrics.reports.single_table import QualityReport
from sdmetrics.reports.single_table._properties import ColumnPairTrends

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(3)


def table(rows, shift, follow):
    a = np.round(rng.normal(10 + shift, 2, rows), 2)
    b = np.round(follow * a + rng.normal(0, 2, rows), 1)
    k = rng.choice(np.array(["x", "y", "z"], dtype=object), rows, p=[0.5, 0.3, 0.2])
    m = np.where((a > 10) ^ (rng.random(rows) < 0.1), "high", "low").astype(object)
    c = rng.integers(0, 6, rows).astype(float)
    k[rng.random(rows) < 0.1] = None
    c[rng.random(rows) < 0.05] = np.nan
    return pd.DataFrame({"a": a, "b": b, "k": k, "m": m, "c": c})


real, made = table(500, 0, 1.0), table(400, 0.4, 0.8)
kinds = {"a": "numerical", "b": "numerical", "k": "categorical", "m": "categorical", "c": "numerical"}
report = QualityReport()
report.generate(real, made, {"columns": {name: {"sdtype": kind} for name, kind in kinds.items()}}, verbose=False)
shapes, pairs = report.get_details("Column Shapes"), report.get_details("Column Pair Trends")


trends = ColumnPairTrends()
trends.get_score(real, made, {"columns": {name: {"sdtype": kind} for name, kind in kinds.items()}})
every = {(x, y): s for x, y, s in zip(trends.details["Column 1"], trends.details["Column 2"], trends.details["Score"])}


def rows_of(frame):
    return json.loads(frame.to_json(orient="split", index=False))["data"]


here.joinpath("likeness.json").write_text(
    json.dumps(
        {
            "real": rows_of(real),
            "made": rows_of(made),
            "score": report.get_score(),
            "properties": report.get_properties().Score.tolist(),
            "shapes": dict(zip(shapes["Column"], shapes["Score"])),
            "pairs": [[x, y, every[x, y], t is True or str(t) == "True"] for x, y, t in zip(pairs["Column 1"], pairs["Column 2"], pairs["Meets Threshold?"])],
        }
    )
    + "\n"
)

dp.enable_features("contrib")
gaussian = dp.m.make_gaussian(dp.atom_domain(T=int), dp.absolute_distance(T=int), scale=2.5)
draws = [gaussian(0) for _ in range(20_000)]
values, counts = np.unique(draws, return_counts=True)
here.joinpath("noise.json").write_text(
    json.dumps({"opendp": {"scale": 2.5, "counts": {str(v): int(c) for v, c in zip(values, counts)}}}) + "\n"
)
