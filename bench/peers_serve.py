"""FastAPI + scikit-learn serving AI4I rows: as its documentation shows it (docs), and tuned by hand (tuned).

    python bench/peers_serve.py docs|tuned logistic|forest CSV PORT
"""

import sys
from typing import Annotated, Literal

import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

style, kind, csv, port = sys.argv[1:5]
NUMERIC = ["Air temperature [K]", "Process temperature [K]", "Rotational speed [rpm]", "Torque [Nm]", "Tool wear [min]"]


def estimator():
    if kind == "forest":
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(100, max_depth=10, random_state=0)
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000)


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    type: Annotated[Literal["L", "M", "H"], Field(alias="Type")]
    air: Annotated[float, Field(alias="Air temperature [K]", ge=280, le=320)]
    process: Annotated[float, Field(alias="Process temperature [K]", ge=290, le=330)]
    speed: Annotated[float, Field(alias="Rotational speed [rpm]", ge=0, le=4000)]
    torque: Annotated[float, Field(alias="Torque [Nm]", ge=0, le=100)]
    wear: Annotated[float, Field(alias="Tool wear [min]", ge=0, le=300)]


class Prediction(BaseModel):
    probability: float
    label: int


app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}


if style == "docs":
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    data = pd.read_csv(csv)
    columns = ColumnTransformer([("type", OneHotEncoder(), ["Type"]), ("numbers", StandardScaler(), NUMERIC)])
    pipeline = Pipeline([("columns", columns), ("model", estimator())])
    pipeline.fit(data[["Type", *NUMERIC]], data["Machine failure"])

    def score(rows):
        frame = pd.DataFrame([row.model_dump(by_alias=True) for row in rows])
        return [Prediction(probability=p, label=int(p >= 0.5)) for p in pipeline.predict_proba(frame)[:, 1]]

    @app.post("/predict", response_model=Prediction)
    def predict(row: Row):
        return score([row])[0]

    @app.post("/predict_many", response_model=list[Prediction])
    def predict_many(rows: list[Row]):
        return score(rows)

else:
    types = {"L": (1.0, 0.0, 0.0), "M": (0.0, 1.0, 0.0), "H": (0.0, 0.0, 1.0)}
    table = np.genfromtxt(csv, delimiter=",", skip_header=1, dtype=None, encoding="utf-8-sig")
    values = np.array([[*types[row[2]], *[row[i] for i in range(3, 8)]] for row in table], dtype=float)
    target = np.array([row[8] for row in table])
    mean, deviation = values.mean(0), values.std(0)
    model = estimator().fit((values - mean) / deviation, target)

    def vector(row):
        return (*types[row.type], row.air, row.process, row.speed, row.torque, row.wear)

    def score(rows):
        x = (np.array([vector(row) for row in rows]) - mean) / deviation
        return [{"probability": p, "label": int(p >= 0.5)} for p in model.predict_proba(x)[:, 1].tolist()]

    @app.post("/predict")
    async def predict(row: Row):
        return score([row])[0]

    @app.post("/predict_many")
    async def predict_many(rows: list[Row]):
        return score(rows)


uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)
