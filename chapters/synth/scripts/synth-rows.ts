/** Makes rows that are like the real ones and are none of them; with METHOD=mst they tell of no single row more than ε says. */

import { statSync } from 'node:fs';
import { sectionOf } from '../../../lib/config/parse.ts';
import { settingsHash } from '../../../lib/config/settings.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { writeCsv } from '../../../lib/files/csv.ts';
import { sha256, sha256File } from '../../../lib/files/hash.ts';
import { stageFile } from '../../../lib/files/write.ts';
import { random } from '../../../lib/numbers/random.ts';
import type { Project } from '../../../lib/project.ts';
import { commitOf } from '../../../lib/project.ts';
import { recordArtefacts } from '../../../lib/record/manifest.ts';
import { oneOf, optional, output, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatCount, formatMany } from '../../../lib/words.ts';
import { fitCopula } from '../copula.ts';
import type { FitGenerator } from '../generator.ts';
import { type Conditions, makeRows, rawLines } from '../make-rows.ts';
import { domainOf, fitMst } from '../mst.ts';
import { systemBits } from '../noise.ts';
import { type Real, readReal } from '../real.ts';
import { fitSequentialTrees } from '../sequential-trees.ts';
import { type SynthSettings, synthSection } from '../settings.ts';
import { spend } from '../spending.ts';

const METHODS = ['copula', 'tree', 'mst'] as const;
const GENERATORS: Readonly<Record<'copula' | 'tree', FitGenerator>> = {
  copula: fitCopula,
  tree: fitSequentialTrees,
};
const MOST_ROWS = 10_000_000;

step(
  {
    chapters,
    lock: 'synth',
    args: {
      METHOD: oneOf('METHOD', METHODS),
      EPSILON: optional,
      ROWS: optional,
      WHERE: optional,
      OUT: output,
    },
  },
  async (project, { METHOD: method = 'tree', EPSILON, ROWS, WHERE, OUT }) => {
    const { config } = project;
    const settings = sectionOf(config, synthSection);
    const rows = ROWS === undefined ? undefined : Number(ROWS);
    if (rows !== undefined && !(Number.isInteger(rows) && rows >= 1 && rows <= MOST_ROWS))
      throw badInput(`ROWS=${ROWS}  is no number of rows from 1 to ${formatCount(MOST_ROWS)}`);
    if (method !== 'mst' && EPSILON !== undefined)
      throw badInput(`EPSILON=${EPSILON}  is for METHOD=mst: ${method} promises no privacy by a number`);
    const epsilon = /^\d*\.?\d+$/.test(EPSILON ?? '1') ? Number(EPSILON ?? 1) : Number.NaN;
    if (!(epsilon > 0 && epsilon <= 100))
      throw badInput(`EPSILON=${EPSILON}  is no number above 0 and at most 100`);
    const real = readReal(project, settings.seed);
    const conditions = { constraints: settings.constraints, where: WHERE };
    if (OUT !== undefined) refuseUnwritable(OUT);
    const { made, said, facts } =
      method === 'mst'
        ? makePrivate(project, settings, real, epsilon, rows, conditions)
        : await makeLike(project, settings, real, method, rows, conditions);
    const name = `data/synthetic/${method}${method === 'mst' ? `_${String(epsilon).replace('.', '_')}` : ''}.csv`;
    const to = OUT ?? project.path(name);
    writeCsv(to, Object.keys(config.schema), rawLines(config, made));
    if (OUT === undefined)
      recordArtefacts(
        project.ledgers,
        { script: 'chapters/synth/scripts/synth-rows.ts', commit: commitOf(project) },
        [
          {
            version: 'synthetic',
            path: name,
            sha256: sha256File(to),
            rows: made.rows,
            columns: Object.keys(config.schema).length,
            source: 'synthetic',
            config: settingsHash(config, 'prepare'),
            inputs: [{ path: config.data.raw_path, sha256: sha256File(project.path(config.data.raw_path)) }],
            facts,
          },
        ],
      );
    say(
      'synthesize',
      `${to}  ${formatMany(made.rows, 'row')} by ${method}${WHERE === undefined ? '' : `, where ${WHERE}`}`,
      ...said,
      `make judge-synthetic CSV=${to} says how like they are`,
    );
  },
);

/** Before anything is spent: a file can be written there. */
function refuseUnwritable(out: string): void {
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory())
    throw badInput(`${out}  is a folder, where a file is to be`);
  try {
    stageFile(out, () => {}).drop();
  } catch (error) {
    throw badInput(`${out}  cannot be written: ${(error as Error).message}`);
  }
}

async function makeLike(
  project: Project,
  settings: SynthSettings,
  { train }: Real,
  method: 'copula' | 'tree',
  rows: number | undefined,
  conditions: Conditions,
) {
  const { bins, trees, min_rows } = settings.tree;
  const generator = await GENERATORS[method](train, { seed: settings.seed, bins, trees, minRows: min_rows });
  const rng = random(settings.seed, 'synth', method);
  const made = makeRows(project.config, train.columns, rows ?? train.rows, conditions, (count) =>
    generator.sample(count, rng),
  );
  return { made, said: [], facts: { method } };
}

/** The domain is looked at before anything is spent, and spent before any noise is drawn. */
function makePrivate(
  project: Project,
  settings: SynthSettings,
  { train }: Real,
  epsilon: number,
  rows: number | undefined,
  conditions: Conditions,
) {
  const { privacy } = settings;
  const target = train.columns.findIndex(({ role }) => role === 'target');
  const options = {
    bins: privacy.bins,
    edges: privacy.edges,
    target: privacy.pairs_with_target ? target : undefined,
  };
  for (const column of train.columns) domainOf(column, options);
  makeRows(project.config, train.columns, 0, conditions, () => []);
  const data = sha256File(project.path(project.config.data.raw_path));
  const { rho, total } = spend(
    project,
    data,
    epsilon,
    privacy,
    `mst, ${formatMany(train.columns.length, 'column')}`,
  );
  const bits = systemBits();
  const model = fitMst(train, { ...options, rho }, bits);
  const made = makeRows(project.config, train.columns, rows ?? model.rows, conditions, (count) =>
    model.sample(count, bits.float),
  );
  const id = sha256(`${data} ${epsilon}`).slice(0, 8);
  return {
    made,
    said: [
      `ε ${epsilon} at δ ${privacy.delta} (ρ ${rho.toFixed(4)}); on these rows ε ${total.toFixed(2)} of ${privacy.budget} is spent now (models/privacy.csv)`,
      `pairs measured: ${model.pairs
        .slice(0, 4)
        .map(([a, b]) => `${a} and ${b}`)
        .join(', ')}${model.pairs.length > 4 ? ` and ${model.pairs.length - 4} more` : ''}`,
    ],
    facts: { method: 'mst', epsilon: String(epsilon), delta: String(privacy.delta), release: id },
  };
}
