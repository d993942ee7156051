/** Records the truth of predictions from a CSV with the columns id and label. All of it or nothing. */
import { rolesOf } from '../lib/config/roles.ts';
import { chapters } from '../lib/door.ts';
import { badInput } from '../lib/fault.ts';
import { readRecords } from '../lib/files/csv.ts';
import { appendLabels, type Label, PREDICTION_ID, readLabels } from '../lib/record/labels.ts';
import { readPredictionLogs } from '../lib/record/predictions.ts';
import { required, step } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';
import { didYouMean, formatCount } from '../lib/words.ts';

const which = required('which file? make labels CSV=labels.csv (with the columns id and label)');

step({ chapters, args: { CSV: which } }, async (project, { CSV }) => {
  const classes = rolesOf(project.config.schema).target.categories!;
  const labels = readLabelFile(CSV, classes);
  const logged = new Set(readPredictionLogs(project.ledgers).predictions.map(({ id }) => id));
  const stranger = labels.find(({ id }) => !logged.has(id));
  if (stranger !== undefined) throw badInput(`${CSV}  id ${stranger.id} is of no logged prediction`);
  const { truth } = readLabels(project.ledgers);
  const changed = labels.filter(({ id, label }) => truth.has(id) && truth.get(id) !== label).length;
  const ledger = project.ledgers.labels;
  await appendLabels(ledger, labels, new Date().toISOString());
  const others =
    changed > 0 ? `; ${formatCount(changed)} say otherwise than before, and the last word counts` : '';
  say('labels', `${formatCount(labels.length)} recorded in ${ledger.path}${others}`);
});

/** One label for each prediction; fails at the first row that is none. */
function readLabelFile(path: string, classes: readonly string[]): Label[] {
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
      throw badInput(
        `${path}:${line}  column "label": must be one of ${classes.join(', ')}${didYouMean(label, classes)}`,
      );
    const said = seen.get(id) ?? label;
    seen.set(id, label);
    if (said !== label) throw badInput(`${path}:${line}  id ${id} has two different labels in this file`);
    labels.push({ id, label });
  });
  if (labels.length === 0) throw badInput(`${path}  has no rows`);
  return labels;
}
