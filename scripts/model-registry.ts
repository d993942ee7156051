/** Lists every version with its data, metrics, stage and aliases, and what is live with which share of the traffic. */
import type { MetricName } from '../lib/config/schema.ts';
import { chapters } from '../lib/door.ts';
import { summarise } from '../lib/registry/summary.ts';
import { health, runningServer } from '../lib/serve/client.ts';
import { step } from '../lib/step.ts';
import { formatInterval } from '../lib/words.ts';

step({ chapters }, async (project) => {
  const versions = summarise(project);
  if (versions.length === 0) {
    console.log('no version yet: make train');
    return;
  }
  const server = runningServer(project);
  const live = server === undefined ? undefined : await health(server.url);
  const shares = new Map(live?.traffic.map(({ version, percent }) => [version, `live ${percent} %`]));
  // The gate's metrics, and PR-AUC, by which versions are compared.
  const shown = [...new Set(['pr_auc', ...Object.keys(project.config.evaluation.minimum)])] as MetricName[];
  const rows = versions.map(({ version, stage, uses, metadata }) => [
    version,
    `${metadata.data.version}${metadata.source === 'simulated' ? ' (simulated)' : ''}`,
    metadata.algorithm,
    ...shown.map((metric) => formatInterval(metadata.metrics[metric])),
    metadata.training_date.slice(0, 16).replace('T', ' '),
    stage,
    [
      ...uses.filter((use) => !use.includes('%')),
      ...(shares.has(version) ? [shares.get(version)!] : []),
    ].join(', '),
  ]);
  const table = [['version', 'data', 'algorithm', ...shown, 'trained (UTC)', 'stage', 'is'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const row of table)
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    );
});
