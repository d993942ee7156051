/** Contributions of each input for every row of a CSV of inputs, as a CSV of their own. */
import { basename, extname } from 'node:path';
import { loadProject } from '../lib/config/load.ts';
import { inputGroups, sumByInput } from '../lib/explain/inputs.ts';
import { versionExplainer } from '../lib/explain/version.ts';
import { badInput } from '../lib/fault.ts';
import { transformRows } from '../lib/features/pipeline.ts';
import { readTable, writeCsv } from '../lib/files/csv.ts';
import { loadVersion } from '../lib/registry/load.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { rowOfCells } from '../lib/serve/cells.ts';
import { serveModel } from '../lib/serve/served-model.ts';
import { formatCount, run, say } from '../lib/terminal.ts';

run(() => {
  const [csv, name] = process.argv.slice(2);
  if (!csv) throw badInput('which rows? make explain-batch CSV=rows.csv [VERSION=v2]');
  const project = loadProject();
  const loaded = loadVersion(project, resolveVersion(project, name || project.config.deployment.model));
  const { pipeline, signature, version } = loaded;
  const model = serveModel(loaded, project.config.deployment.threshold, '');
  const { data, schema } = project.config;
  const rows = readTable(csv, data.csv);
  if (rows.length === 0) throw badInput(`${csv}:1  has no rows`);
  const parsed = model.parse(rows.map((cells) => rowOfCells(signature, schema, data.csv, cells)));
  if ('problems' in parsed) {
    const [first] = parsed.problems;
    throw badInput(`${csv}:${first!.row + 2}  ${first!.field} ${first!.problem}`);
  }
  const scores = model.score(parsed);
  const explainer = versionExplainer(project, loaded);
  const groups = inputGroups(pipeline);
  const width = pipeline.features.length;
  const features = transformRows(pipeline, parsed.values, parsed.rows.length);
  const { outputs } = signature.output;
  const lines = parsed.rows.map((_, i) => {
    const given = model.give(scores, i);
    const output = outputs.length === 1 ? 0 : outputs.indexOf(given.class);
    const { base, contributions } = explainer.explain(features, i * width, output);
    return [
      String(i),
      given.class,
      String(given.probability),
      outputs[output]!,
      String(base),
      ...Array.from(sumByInput(groups, contributions), String),
    ];
  });
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
    `${formatCount(lines.length)} rows by ${version}, contributions in ${explainer.space}; base and contributions add up: ${path}`,
  );
});
