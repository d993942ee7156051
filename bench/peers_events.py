"""A look at a million logged predictions with Evidently, or with NannyML: drift of the inputs, and performance."""
import json
import sys
import warnings

warnings.filterwarnings("ignore")
import pandas as pd  # noqa: E402

which, reference_path, current_path, text_columns = sys.argv[1:5]
categories = json.loads(text_columns)
reference, current = pd.read_csv(reference_path), pd.read_csv(current_path)
numbers = [c for c in reference.columns if c not in categories + ["probability", "given", "label"]]

if which == "evidently":
    from evidently import BinaryClassification, DataDefinition, Dataset, Report
    from evidently.presets import ClassificationPreset, DataDriftPreset

    definition = DataDefinition(
        numerical_columns=numbers,
        categorical_columns=categories,
        classification=[BinaryClassification(target="label", prediction_labels="given", pos_label=1)],
    )
    data = [Dataset.from_pandas(each, data_definition=definition) for each in (current, reference)]
    Report([DataDriftPreset(), ClassificationPreset()]).run(*data).dict()
else:
    import nannyml

    of_rows = {
        "y_true": "label",
        "y_pred": "given",
        "y_pred_proba": "probability",
        "problem_type": "classification_binary",
        "metrics": ["accuracy", "roc_auc"],
    }
    for calculator in (
        nannyml.UnivariateDriftCalculator(
            column_names=numbers + categories, treat_as_categorical=categories
        ),
        nannyml.PerformanceCalculator(**of_rows),
    ):
        calculator.fit(reference)
        calculator.calculate(current)
    estimator = nannyml.CBPE(**of_rows)
    estimator.fit(reference)
    estimator.estimate(current)
