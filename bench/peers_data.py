"""Peers of the data plane: each prints JSON. Which of them can run depends on what the environment has."""

import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")
which, *args = sys.argv[1:]


def cpu(work, repeats=1):
    """The least CPU seconds of some runs."""
    best = None
    for _ in range(repeats):
        start = time.process_time()
        work()
        used = time.process_time() - start
        best = used if best is None else min(best, used)
    return best


if which == "expectations":
    import great_expectations as gx
    import pandas as pd

    path, rules = args[0], json.loads(args[1])
    table = pd.read_csv(path)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("t").add_batch_definition_whole_dataframe("b")
    suite = gx.ExpectationSuite(
        name="s",
        expectations=[
            getattr(gx.expectations, "Expect" + "".join(part.title() for part in rule.pop("expect").split("_")))(**rule) for rule in rules
        ],
    )
    run = lambda frame: asset.get_batch(batch_parameters={"dataframe": frame}).validate(suite)  # noqa: E731
    print(json.dumps({"rules": cpu(lambda: run(table), 3), "one": cpu(lambda: run(table[:1]), 3)}))
elif which == "isolation":
    import numpy as np
    from sklearn.ensemble import IsolationForest
    from sklearn.metrics import roc_auc_score

    rows, width = int(args[1]), int(args[2])
    values = np.fromfile(args[0]).reshape(rows, width)
    labels = np.fromfile(args[0] + ".labels", dtype=np.uint8)
    make = lambda: IsolationForest(n_estimators=100, max_samples=256, random_state=0, n_jobs=1).fit(values)  # noqa: E731
    fit = cpu(make, 3)
    model = make()
    one = cpu(lambda: [model.score_samples(values[:1]) for _ in range(20)]) / 20
    print(json.dumps({"auc": roc_auc_score(labels, -model.score_samples(values)), "fit": fit, "one": one}))
elif which == "asof":
    import duckdb
    import numpy as np
    import pandas as pd

    def side(name):
        entities, times = np.fromfile(f"{args[0]}/{name}.e", dtype=np.int32), np.fromfile(f"{args[0]}/{name}.t")
        return pd.DataFrame({"e": entities, "t": times, "i": np.arange(len(times))})

    left, right = side("left"), side("right")

    def pandas_join():
        return pd.merge_asof(left.sort_values("t"), right.sort_values("t"), on="t", by="e")

    join = duckdb.connect(config={"threads": 1})
    join.register("l", left)
    join.register("r", right)
    print(
        json.dumps(
            {
                "pandas": cpu(pandas_join, 2),
                "duckdb": cpu(lambda: join.execute("select l.i, r.i from l asof left join r on l.e = r.e and l.t >= r.t").fetchnumpy(), 2),
            }
        )
    )
elif which == "profile":
    import pandas as pd
    from ydata_profiling import ProfileReport

    table = pd.read_csv(args[0])
    ProfileReport(table.sample(int(args[1]), random_state=0), minimal=False, progress_bar=False).to_file(args[2])
elif which in ("copula", "mst", "privbayes"):
    import pandas as pd

    table = pd.read_csv(args[0], dtype={name: "str" for name in json.loads(args[2])}).fillna({name: "missing" for name in json.loads(args[2])})
    start = time.process_time()
    if which == "copula":
        from sdv.metadata import Metadata
        from sdv.single_table import GaussianCopulaSynthesizer

        kinds = {name: {"sdtype": "categorical" if name in json.loads(args[2]) else "numerical"} for name in table.columns}
        maker = GaussianCopulaSynthesizer(Metadata.load_from_dict({"tables": {"table": {"columns": kinds}}}))
        maker.fit({"table": table})
        made = maker.sample(num_rows=len(table))["table"]
    else:
        from dpmm.pipelines import MSTPipeline, PrivBayesPipeline

        kind = MSTPipeline if which == "mst" else PrivBayesPipeline
        for name in json.loads(args[2]):
            table[name] = table[name].astype("category")
        # Public bounds, as ours has them; its bins cost ε .1 more.
        bounds = json.loads(args[4])
        domain = {name: {"lower": low, "upper": high} for name, (low, high) in bounds.items()}
        maker = kind(epsilon=float(args[3]), delta=1e-9)
        maker.fit(table, domain=domain)
        made = maker.generate(len(table))
    used = time.process_time() - start
    made.to_csv(args[1], index=False)
    print(json.dumps({"cpu": used}))
elif which == "score":
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    real_path, test_path, made_path, target = args[:4]
    categories = json.loads(args[4])
    real, test, made = (pd.read_csv(path, dtype={name: "str" for name in categories}).fillna({name: "missing" for name in categories}) for path in (real_path, test_path, made_path))
    made = made[real.columns]

    def numbers(frame):
        frame = frame.copy()
        for name in categories:
            frame[name] = pd.Categorical(frame[name].astype(str), categories=sorted(real[name].astype(str).unique())).codes
        return frame

    learnt, judged = numbers(made), numbers(test)
    inputs = [name for name in real.columns if name != target]
    model = HistGradientBoostingClassifier(categorical_features=[name in categories for name in inputs], random_state=0)
    model.fit(learnt[inputs], learnt[target])
    out = {"auc": roc_auc_score(judged[target], model.predict_proba(judged[inputs])[:, list(model.classes_).index(1)])}
    try:
        from sdmetrics.reports.single_table import QualityReport

        report = QualityReport()
        report.generate(real, made, {"columns": {name: {"sdtype": "categorical" if name in categories else "numerical"} for name in real.columns}}, verbose=False)
        out["likeness"] = report.get_score()
    except ImportError:
        pass
    print(json.dumps(out))
