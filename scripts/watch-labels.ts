/** Records the truth of predictions from a CSV with the columns id and label. All of it or nothing. */
import { loadProject } from '../lib/config/load.ts';
import { rolesOf } from '../lib/data/columns.ts';
import { badInput } from '../lib/fault.ts';
import { readRecords } from '../lib/files/csv.ts';
import { appendLabels, type Label, labelsPath, PREDICTION_ID } from '../lib/serve/labels.ts';
import { formatCount, run, say } from '../lib/terminal.ts';

run(() => {
  const path = process.argv[2];
  if (path === undefined)
    throw badInput('which file? make labels CSV=labels.csv (with the columns id and label)');
  const project = loadProject();
  const classes = rolesOf(project.config.schema).target.categories!;
  const labels: Label[] = [];
  let header: string[] = [];
  readRecords(path, (fields, line) => {
    if (line === 1) {
      header = fields;
      if (!header.includes('id') || !header.includes('label'))
        throw badInput(`${path}:1  needs the columns id and label`);
      return;
    }
    const id = fields[header.indexOf('id')] ?? '';
    const label = fields[header.indexOf('label')] ?? '';
    if (!PREDICTION_ID.test(id))
      throw badInput(`${path}:${line}  column "id": is not the id of a prediction`);
    if (!classes.includes(label))
      throw badInput(`${path}:${line}  column "label": must be one of ${classes.join(', ')}`);
    labels.push({ id, label });
  });
  if (labels.length === 0) throw badInput(`${path}  has no rows`);
  appendLabels(labelsPath(project), labels, new Date().toISOString());
  say('labels', `${formatCount(labels.length)} recorded in ${labelsPath(project)}`);
});
