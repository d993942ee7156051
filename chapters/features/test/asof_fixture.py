"""Known answers: DuckDB's ASOF join (asof.json). No two rows of the right are of one entity and one moment: there DuckDB takes the oldest."""

import json
import pathlib

import duckdb
import numpy as np
import pandas as pd

rng = np.random.default_rng(8)
n, m = 300, 500
left = pd.DataFrame({"i": range(n), "e": rng.integers(0, 12, n), "t": rng.integers(0, 10000, n)})
right = pd.DataFrame({"j": range(m), "e": rng.integers(0, 10, m), "t": np.arange(m) * 20 + rng.integers(0, 19, m)})
join = duckdb.connect()
join.register("spine", left)
join.register("events", right)
rows = join.execute("select s.i, e.j from spine s asof left join events e on s.e = e.e and s.t >= e.t order by s.i").fetchall()
pathlib.Path(__file__).with_name("asof.json").write_text(
    json.dumps(
        {
            "duckdb": duckdb.__version__,
            "left": {"entities": left.e.tolist(), "times": left.t.tolist()},
            "right": {"entities": right.e.tolist(), "times": right.t.tolist()},
            "found": [-1 if j is None or j != j else int(j) for _, j in rows],
        }
    )
    + "\n"
)
