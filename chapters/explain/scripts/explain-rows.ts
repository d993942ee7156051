/** Contributions of each input for every row of a CSV of inputs, as a CSV of their own. */
import { basename, extname } from 'node:path';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { readTable, writeCsv } from '../../../lib/files/csv.ts';
import { serveModel } from '../../../lib/predict/served-model.ts';
import { loadVersion } from '../../../lib/registry/load.ts';
import { resolveVersion } from '../../../lib/registry/pointer-files.ts';
import { optional, required, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatMany } from '../../../lib/words.ts';
import { inputGroups } from '../inputs.ts';
import { explainServed } from '../route.ts';
import { rowOfCells } from '../row-of-cells.ts';
import { versionExplainer } from '../version.ts';

const args = { CSV: required('which rows? make explain CSV=rows.csv [VERSION=v2]'), VERSION: optional };

step({ chapters, args }, (project, { CSV: csv, VERSION }) => {
  const { data, schema, deployment } = project.config;
  const loaded = loadVersion(project, resolveVersion(project, VERSION ?? deployment.model));
  const { signature, version } = loaded;
  const model = serveModel(loaded, deployment.threshold, '');
  const rows = readTable(csv, data.csv);
  if (rows.length === 0) throw badInput(`${csv}:1  has no rows`);
  const parsed = model.parse(rows.map((cells) => rowOfCells(signature, schema, data.csv, cells)));
  if ('problems' in parsed) {
    const [first] = parsed.problems;
    throw badInput(`${csv}:${first!.row + 2}  ${first!.field} ${first!.problem}`);
  }
  const explainer = versionExplainer(project, loaded);
  const groups = inputGroups(loaded.pipeline);
  const lines = explainServed(model, explainer, parsed).map((row, i) => [
    String(i),
    row.class,
    String(row.probability),
    row.of,
    String(row.base),
    ...groups.names.map((name) => String(row.contributions[name])),
  ]);
  const path = project.path(
    project.config.paths.reports,
    `explain_${version}_${basename(csv, extname(csv)).replace(/[^\w.-]+/g, '-')}.csv`,
  );
  writeCsv(
    path,
    [
      'row',
      'class',
      'probability',
      'explained',
      'base',
      ...groups.names.map((name) => `contribution of ${name}`),
    ],
    lines,
  );
  say(
    'explain',
    `${formatMany(lines.length, 'row')} by ${version}, contributions in ${explainer.space}; base and contributions add up: ${path}`,
  );
});
