/** Records the truth of predictions from a CSV with the columns id and label. All of it or nothing. */
import { loadProject } from '../lib/config/load.ts';
import { rolesOf } from '../lib/data/columns.ts';
import { badInput } from '../lib/fault.ts';
import { readRecords } from '../lib/files/csv.ts';
import { ledgersOf } from '../lib/registry/ledgers.ts';
import { appendLabels, type Label, PREDICTION_ID, readLabels } from '../lib/serve/labels.ts';
import { formatCount, run, say } from '../lib/terminal.ts';
import { readPredictionLogs } from '../lib/watch/window.ts';

run(async () => {
  const path = process.argv[2];
  if (!path) throw badInput('which file? make labels CSV=labels.csv (with the columns id and label)');
  const project = loadProject();
  const classes = rolesOf(project.config.schema).target.categories!;
  const labels: Label[] = [];
  const seen = new Map<string, string>();
  let header: string[] = [];
  readRecords(path, (fields, line) => {
    if (line === 1) {
      header = fields;
      if (!header.includes('id') || !header.includes('label'))
        throw badInput(`${path}:1  needs the columns id and label`);
      return;
    }
    if (fields.length !== header.length)
      throw badInput(`${path}:${line}  has ${fields.length} fields where the header has ${header.length}`);
    const id = fields[header.indexOf('id')] ?? '';
    const label = fields[header.indexOf('label')] ?? '';
    if (!PREDICTION_ID.test(id))
      throw badInput(`${path}:${line}  column "id": is not the id of a prediction`);
    if (!classes.includes(label))
      throw badInput(`${path}:${line}  column "label": must be one of ${classes.join(', ')}`);
    const said = seen.get(id) ?? label;
    seen.set(id, label);
    if (said !== label) throw badInput(`${path}:${line}  id ${id} has two different labels in this file`);
    labels.push({ id, label });
  });
  if (labels.length === 0) throw badInput(`${path}  has no rows`);
  const logged = new Set(readPredictionLogs(project).predictions.map(({ id }) => id));
  const stranger = labels.find(({ id }) => !logged.has(id));
  if (stranger !== undefined) throw badInput(`${path}  id ${stranger.id} is of no logged prediction`);
  const before = readLabels(project);
  const changed = labels.filter(({ id, label }) => before.has(id) && before.get(id) !== label).length;
  const ledger = ledgersOf(project).labels.path;
  await appendLabels(ledger, labels, new Date().toISOString());
  say(
    'labels',
    `${formatCount(labels.length)} recorded in ${ledger}${changed > 0 ? `; ${formatCount(changed)} say otherwise than before, and the last word counts` : ''}`,
  );
});
