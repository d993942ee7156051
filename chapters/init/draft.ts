/** The config of a new project: another one's, with its comments, and what the new table asks for in place of the old. */
import { type Document, isScalar, type Node, parseDocument, type YAMLMap } from 'yaml';
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

/** Comments stay where they were; what is deep is written on one line. */
function setValue(document: Document, path: string[], value: unknown): void {
  const before = document.getIn(path, true) as Node | undefined;
  const node = document.createNode(value) as Node;
  if (before !== undefined) {
    if (before.comment) node.comment = before.comment;
    if (before.commentBefore) node.commentBefore = before.commentBefore;
  }
  document.setIn(path, node);
  const inBlock = path.join('.') === 'schema' || path.join('.') === 'split';
  if (!isScalar(node)) (node as YAMLMap).flow = !inBlock;
  if (inBlock)
    for (const { value: item } of (node as YAMLMap<unknown, Node>).items)
      if (item && !isScalar(item)) (item as YAMLMap).flow = true;
}
