/** The mitigation of chapters.fairness as a part of training: other rows to learn from, or other thresholds. */
import { sectionOf } from '../../lib/config/parse.ts';
import type { Config } from '../../lib/config/schema.ts';
import type { Dataset } from '../../lib/data/dataset.ts';
import { type Grouping, groupingsOf } from '../../lib/data/groups.ts';
import type { TrainingChange } from '../../lib/train/build.ts';
import type { PreparedChange } from '../../lib/train/out-of-fold.ts';
import { groupThresholds, reweighedRows } from './mitigate.ts';
import { type FairnessSettings, fairnessSection } from './settings.ts';

export const mitigatedTraining: TrainingChange = {
  settings(config) {
    const { favourable, min_rows, mitigation } = sectionOf(config, fairnessSection);
    return mitigation.method === 'none' ? {} : { fairness: { favourable, min_rows, mitigation } };
  },
  prepare: (config, data) => {
    const { mitigation, min_rows } = sectionOf(config, fairnessSection);
    return mitigate(config, data, mitigation, min_rows);
  },
};

/** What one mitigation changes of a training, whatever the config says. */
export function mitigate(
  config: Config,
  data: Dataset,
  { method, column, criterion }: FairnessSettings['mitigation'],
  minRows: number,
): PreparedChange | undefined {
  const grouping = groupingsOf(data.sensitive, config.schema).find((each) => each.column === column);
  if (grouping === undefined) return undefined;
  if (method === 'reweighing') return { weigh: (rows) => reweighed(data.target, rows, grouping) };
  return {
    decide: (rows, scores, thresholds) => ({
      thresholds,
      by_group: groupThresholds(
        Uint8Array.from(rows, (row) => data.target[row]!),
        Float64Array.from(rows, (row) => scores[row]!),
        thresholds[0]!,
        someOf(grouping, rows),
        criterion,
        minRows,
      ),
    }),
  };
}

function someOf(grouping: Grouping, rows: Int32Array): Grouping {
  return { ...grouping, groupOf: Int16Array.from(rows, (row) => grouping.groupOf[row]!) };
}

/** The rows as often as each weighs among them. */
function reweighed(target: Uint8Array, rows: Int32Array, grouping: Grouping): Int32Array {
  const weighed = reweighedRows(
    Uint8Array.from(rows, (row) => target[row]!),
    someOf(grouping, rows),
  );
  return Int32Array.from(weighed, (i) => rows[i]!);
}
