/** How long the fairness of the census takes, by make bench. */
import { example, type Parts } from '../../bench/any-table.ts';
import { median, note } from '../../bench/record.ts';
import { classify } from '../../lib/numbers/outputs.ts';
import { reportGroups } from './report.ts';

export const bench = (folder: string): Parts => ({ fairness: () => fairness(folder) });

async function fairness(folder: string): Promise<void> {
  const adult = example(folder, 'adult', {
    'data/raw/adult.data': 'adult.data',
    'data/raw/adult.test': 'adult.test',
  });
  if (adult === undefined) {
    console.log('skipped: fairness, since the census is not beside the project');
    return;
  }
  const rows = adult.later.target.length;
  const scores = Float64Array.from({ length: rows }, (_, i) => ((i * 7919) % 1000) / 1000);
  const given = classify(scores, { thresholds: [0.5] });
  const times = [1, 2, 3].map(() => {
    const start = performance.now();
    reportGroups(adult.config, adult.later, {
      labels: adult.later.target,
      given,
      scores,
      entities: undefined,
    });
    return (performance.now() - start) / 1000;
  });
  const seconds = median(times);
  note(
    `fairness of ${adult.later.sensitive.names.length} columns on ${rows.toLocaleString('en-US')} rows (s)`,
    seconds,
    null,
    null,
    '< 2',
    seconds < 2,
  );
}
