"""Known answers: what Great Expectations 1.24 says of a table and of each rule (expectations.json), and cleanlab of labels (labels.json)."""

import json
import pathlib

import cleanlab
import great_expectations as gx
import numpy as np
import pandas as pd

rng = np.random.default_rng(5)
n = 400
x = np.round(rng.normal(50, 15, n), 2)
x[rng.random(n) < 0.05] = np.nan
y = np.round(x + rng.normal(3, 4, n), 2)
word = np.array([f"item-{i % 37:02d}" if i % 11 else f"thing {i}" for i in range(n)], dtype=object)
word[::29] = None
cat = rng.choice(np.array(["A", "B", "C"], dtype=object), n, p=[0.6, 0.3, 0.1])
cat[rng.random(n) < 0.04] = None
table = pd.DataFrame(
    {"id": np.arange(n) - (np.arange(n) % 50 == 0), "x": x, "y": y, "cat": cat, "word": word, "seq": np.sort(rng.integers(0, 900, n)) }
)
table.loc[200, "seq"] = 1
table.loc[300, "seq"] = table.loc[299, "seq"]

rules = [
    ("column_values_to_not_be_null", {"column": "x"}),
    ("column_values_to_not_be_null", {"column": "x", "mostly": 0.9}),
    ("column_values_to_be_null", {"column": "word", "mostly": 0.03}),
    ("column_values_to_be_unique", {"column": "id"}),
    ("column_values_to_be_unique", {"column": "word"}),
    ("column_values_to_be_in_set", {"column": "cat", "value_set": ["A", "B"]}),
    ("column_values_to_not_be_in_set", {"column": "cat", "value_set": ["C"]}),
    ("column_values_to_be_in_set", {"column": "id", "value_set": list(range(0, 390))}),
    ("column_values_to_be_between", {"column": "x", "min_value": 20, "max_value": 80}),
    ("column_values_to_be_between", {"column": "x", "min_value": 20, "max_value": 80, "mostly": 0.9}),
    ("column_values_to_be_between", {"column": "seq", "min_value": 1, "strict_min": True}),
    ("column_values_to_match_regex", {"column": "word", "regex": "^item-\\d\\d$"}),
    ("column_values_to_not_match_regex", {"column": "word", "regex": "^thing"}),
    ("column_value_lengths_to_be_between", {"column": "word", "min_value": 7, "max_value": 8}),
    ("column_min_to_be_between", {"column": "x", "min_value": 0, "max_value": 50}),
    ("column_max_to_be_between", {"column": "x", "max_value": 80}),
    ("column_mean_to_be_between", {"column": "x", "min_value": 45, "max_value": 55}),
    ("column_median_to_be_between", {"column": "x", "min_value": 45, "max_value": 55}),
    ("column_stdev_to_be_between", {"column": "x", "min_value": 1, "max_value": 10}),
    ("column_sum_to_be_between", {"column": "seq", "min_value": 1}),
    ("column_quantile_values_to_be_between", {"column": "x", "quantile_ranges": {"quantiles": [0.1, 0.5, 0.85], "value_ranges": [[20, 40], [45, 55], [None, 60]]}}),
    ("column_unique_value_count_to_be_between", {"column": "word", "min_value": 40, "max_value": 90}),
    ("column_proportion_of_unique_values_to_be_between", {"column": "word", "min_value": 0.5}),
    ("column_most_common_value_to_be_in_set", {"column": "cat", "value_set": ["A"]}),
    ("column_distinct_values_to_be_in_set", {"column": "cat", "value_set": ["A", "B"]}),
    ("table_row_count_to_be_between", {"min_value": 401}),
    ("table_columns_to_match_set", {"column_set": ["id", "x", "y", "cat", "word", "seq"]}),
    ("column_pair_values_a_to_be_greater_than_b", {"column_A": "y", "column_B": "x"}),
    ("column_pair_values_a_to_be_greater_than_b", {"column_A": "x", "column_B": "x", "or_equal": True}),
    ("column_pair_values_to_be_equal", {"column_A": "x", "column_B": "y"}),
    ("compound_columns_to_be_unique", {"column_list": ["cat", "word"]}),
]


def class_of(name):
    return getattr(gx.expectations, "Expect" + "".join(part.title() for part in name.split("_")))


context = gx.get_context(mode="ephemeral")
batch = context.data_sources.add_pandas("p").add_dataframe_asset("t").add_batch_definition_whole_dataframe("b").get_batch(batch_parameters={"dataframe": table})
answers = []
for name, params in rules:
    extra = {}
    if name.startswith("column_pair_values_a") or name == "column_pair_values_to_be_equal":
        extra = {"ignore_row_if": "either_value_is_missing"}
    if name == "compound_columns_to_be_unique":
        extra = {"ignore_row_if": "any_value_is_missing"}
    found = batch.validate(class_of(name)(**params, **extra)).to_json_dict()
    result = found["result"]
    answers.append(
        {"expect": name, **params, "success": bool(found["success"]), "unexpected_count": result.get("unexpected_count"), "observed_value": result.get("observed_value") if not isinstance(result.get("observed_value"), (dict, list)) else None}
    )
here = pathlib.Path(__file__).parent
here.joinpath("expectations.json").write_text(json.dumps({"table": json.loads(table.to_json(orient="split", index=False)), "answers": answers}, default=lambda x: x.item()) + "\n")
for answer in answers:
    print(answer["expect"], answer["success"], answer["unexpected_count"], answer["observed_value"])

rows, classes = 600, 3
true = rng.integers(0, classes, rows)
scores = rng.dirichlet([0.8] * classes, rows) * 0.35
scores[np.arange(rows), true] += 0.65 * rng.beta(6, 2, rows)
scores = np.round(scores / scores.sum(axis=1, keepdims=True), 6)
labels = np.where(rng.random(rows) < 0.08, (true + 1) % classes, true)
found = cleanlab.filter.find_label_issues(labels, scores, filter_by="confident_learning", return_indices_ranked_by="self_confidence", n_jobs=1)
here.joinpath("labels.json").write_text(
    json.dumps({"cleanlab": cleanlab.__version__, "labels": labels.tolist(), "scores": scores.tolist(), "issues": [int(i) for i in found]}) + "\n"
)
print(len(found), "label issues")
