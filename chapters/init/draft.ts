/** The config of a new project: another one's, with its comments, and what the new table asks for in place of the old. */
import {
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { rolesOf } from '../../lib/config/roles.ts';
import type { Config } from '../../lib/config/schema.ts';

export interface Draft {
  readonly name: string;
  readonly rawPath: string;
  readonly schema: Config['schema'];
  readonly csv: Config['data']['csv'];
  readonly split: Config['split'];
  readonly maxInvalidRows: number;
  /** What of model_params was chosen for the table. */
  readonly params: Partial<Config['model_params']>;
  readonly duplicates: Config['quality']['duplicates'];
  readonly changes: Config['replay']['bad']['changes'];
  /** Share of wrong answers of a model that always says the most frequent class. */
  readonly baseline: number;
}

/** The text of a config.yaml; `template` is the text of a valid one. */
export function draftConfig(template: string, draft: Draft): string {
  const document = parseDocument(template);
  const set = (key: string, value: unknown) => setValue(document, key.split('.'), value);
  set('project_name', draft.name);
  set('data.source', 'file');
  set('data.raw_path', draft.rawPath);
  set('data.current_version', 'v1');
  set('data.csv', draft.csv);
  set('schema', draft.schema);
  set('quality.max_invalid_rows', draft.maxInvalidRows);
  set('split', draft.split);
  set('features.engineered', {});
  set('quality.duplicates', draft.duplicates);
  for (const [key, value] of Object.entries(draft.params)) set(`model_params.${key}`, value);
  set('evaluation.threshold', 'max_f1');
  set('evaluation.calibration', 'auto');
  // What knows nothing ranks at .5; that, and a margin.
  set('evaluation.minimum', { roc_auc: 0.55 });
  set('deployment.model', 'champion');
  set('deployment.port', 0);
  set('deployment.threshold', 'model');
  set('deployment.traffic.split', {});
  set('deployment.traffic.shadow', []);
  set('monitoring.limits.error_rate', Number(draft.baseline.toFixed(3)));
  set('replay.data_version', 'v1');
  set('replay.bad.changes', draft.changes);
  // Sections of chapters, which may be torn out.
  const classes = rolesOf(draft.schema).target.categories!;
  const ofChapters: Record<string, unknown> = {
    'fairness.favourable': classes.length === 2 ? classes[1] : classes[0],
    'fairness.reference': {},
    'fairness.mitigation': { method: 'none', criterion: 'demographic_parity' },
    'quality.expectations': proposedExpectations(draft.schema),
    'quality.remedies': [],
    'tune.space': SPACES[draft.params.algorithm ?? 'RandomForest'],
    'report.contact': '',
    'report.licence': '',
    'report.intended_use': '',
    'report.out_of_scope': '',
    'report.ethical_considerations': '',
    'report.caveats': '',
  };
  for (const [key, value] of Object.entries(ofChapters))
    if (document.hasIn(['chapters', ...key.split('.')])) set(`chapters.${key}`, value);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** What a search may try of each algorithm. */
const SPACES: Readonly<Record<Config['model_params']['algorithm'], unknown>> = {
  RandomForest: {
    n_estimators: { low: 50, high: 300, scale: 'log' },
    max_depth: { low: 4, high: 16, scale: 'linear' },
    min_samples_leaf: { low: 1, high: 20, scale: 'log' },
    max_features: ['sqrt', 'all'],
  },
  GradientBoosting: {
    n_estimators: { low: 30, high: 300, scale: 'log' },
    learning_rate: { low: 0.02, high: 0.3, scale: 'log' },
    max_leaves: { low: 3, high: 63, scale: 'log' },
    min_samples_leaf: { low: 1, high: 50, scale: 'log' },
  },
  LogisticRegression: { C: { low: 0.0001, high: 10, scale: 'log' }, class_weight: ['none', 'balanced'] },
};

const MOST_PROPOSED = 8;

/** What the next table of the kind should have in common with this one: warned of, since nobody has looked at it yet. */
function proposedExpectations(schema: Config['schema']): Record<string, unknown>[] {
  const inputs = Object.entries(schema).filter(([, { role }]) => role === 'input');
  const isNumber = ([, { type }]: (typeof inputs)[number]) => type === 'number' || type === 'integer';
  const severity = 'warn';
  return [
    { expect: 'table_row_count_to_change_by_at_most', share: 0.5, severity },
    ...inputs
      .filter(isNumber)
      .slice(0, MOST_PROPOSED)
      .map(([column]) => ({ expect: 'column_mean_to_change_by_at_most', column, stdevs: 0.5, severity })),
    ...inputs
      .slice(0, MOST_PROPOSED)
      .map(([column]) => ({ expect: 'column_nulls_to_change_by_at_most', column, share: 0.05, severity })),
    ...inputs
      .filter(([, { other }]) => other !== undefined)
      .map(([column]) => ({ expect: 'column_categories_to_be_known', column, share: 0.01, severity })),
  ];
}

/** Comments stay where they were; what is deep is written on one line. */
function setValue(document: Document, path: string[], value: unknown): void {
  const before = document.getIn(path, true) as Node | undefined;
  const node = document.createNode(value) as Node;
  if (before !== undefined) {
    if (before.comment) node.comment = before.comment;
    if (before.commentBefore) node.commentBefore = before.commentBefore;
  }
  document.setIn(path, node);
  if (isScalar(node)) return;
  const { items } = node as YAMLMap<unknown, Node> | YAMLSeq<Node>;
  const inBlock =
    items.length > 0 && ['schema', 'split', 'chapters.quality.expectations'].includes(path.join('.'));
  (node as YAMLMap).flow = !inBlock;
  for (const item of inBlock ? items : []) {
    const inner = isPair(item) ? item.value : item;
    if (isMap(inner) || isSeq(inner)) inner.flow = true;
  }
}
