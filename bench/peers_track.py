"""Experiment trackers on the same runs: what logging one takes, and listing them all. Modes: log, list."""
import json
import sys
import time

which, peer, folder, source = sys.argv[1:5]
runs = [json.loads(line) for line in open(source)]

if peer == "mlflow":
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    if which == "log":
        from mlflow.entities import Metric, Param

        client = mlflow.MlflowClient()
        experiment = client.create_experiment("bench", artifact_location=f"file://{folder}/artifacts")
        took = []
        for run in runs:
            start = time.perf_counter()
            one = client.create_run(experiment, run_name=run["id"])
            now = int(time.time() * 1000)
            client.log_batch(
                one.info.run_id,
                metrics=[Metric(name, value[0], now, 0) for name, value in run["metrics"].items()],
                params=[Param(name, str(value)) for name, value in run["params"].items()],
            )
            client.set_terminated(one.info.run_id)
            took.append(time.perf_counter() - start)
        print(json.dumps({"experiment": experiment, "seconds": sorted(took)[len(took) // 2]}))
    else:
        start = time.perf_counter()
        table = mlflow.search_runs(search_all_experiments=True, order_by=["metrics.pr_auc DESC"], max_results=50_000)
        print(json.dumps({"rows": len(table), "seconds": time.perf_counter() - start}))
else:
    import os

    os.chdir(folder)
    if which == "log":
        import contextlib
        import io

        from exptrack import Experiment

        took = []
        for run in runs:
            start = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                one = Experiment(name=run["id"], params=run["params"])
                one.log_metrics({name: value[0] for name, value in run["metrics"].items()})
                one.finish()
            took.append(time.perf_counter() - start)
        print(json.dumps({"seconds": sorted(took)[len(took) // 2]}))
