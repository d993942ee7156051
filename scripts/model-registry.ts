/** Lists every version with its data, metrics and aliases, and what is live. */
import { loadProject } from '../lib/config/load.ts';
import { readAliases } from '../lib/registry/aliases.ts';
import { listVersions, readMetadata } from '../lib/registry/versions.ts';
import { health, runningServer } from '../lib/serve/client.ts';
import { formatInterval, run } from '../lib/terminal.ts';

run(async () => {
  const project = loadProject();
  const versions = listVersions(project);
  if (versions.length === 0) {
    console.log('no version yet: make train');
    return;
  }
  const aliases = Object.entries(readAliases(project));
  const server = runningServer(project);
  const live = server === undefined ? undefined : (await health(server.url))?.model;
  const rows = versions.map((version) => {
    const { algorithm, data, metrics, training_date, source } = readMetadata(project, version);
    const names = aliases.filter(([, to]) => to === version).map(([name]) => name);
    if (version === live) names.push('live');
    return [
      version,
      `${data.version}${source === 'simulated' ? ' (simulated)' : ''}`,
      algorithm,
      formatInterval(metrics.pr_auc),
      formatInterval(metrics.recall),
      formatInterval(metrics.f1),
      training_date.slice(0, 16).replace('T', ' '),
      names.join(', '),
    ];
  });
  const table = [['version', 'data', 'algorithm', 'PR-AUC', 'recall', 'F1', 'trained (UTC)', 'is'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const row of table)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    );
});
