/** make init and make train on tables that nobody described, beside scikit-learn on the same rows: log loss out of fold. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metrics } from '../lib/train/build.ts';
import { copyProject, plainEnvironment } from './project-copy.ts';

const PYTHON = '.venv/bin/python';
const SCRIPT = 'bench/small_tables.py';
/** Our log loss may be so much above the best of theirs. */
const WITHIN = 1.03;

interface Described {
  readonly name: string;
  readonly file: string;
  readonly target: string;
  readonly rows: number;
  readonly classes: number;
  readonly dropped?: readonly string[];
  readonly group?: string;
}

export interface TableRow {
  readonly table: string;
  readonly rows: number;
  readonly classes: number;
  /** What init chose; "refused" where it or training failed. */
  readonly model: string;
  readonly ours: number | null;
  readonly class_shares: number | null;
  readonly theirs: Readonly<Record<'logistic' | 'forest' | 'boosting', number>> | null;
  readonly within: boolean;
  /** Whether ours is above the class shares by more than a thousandth of them. */
  readonly above_shares: boolean;
}

/** Undefined where the Python libraries are not there. */
export function judgeTables(): TableRow[] | undefined {
  if (!existsSync(PYTHON)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'clockwork-tables-'));
  try {
    copyProject(folder);
    execFileSync('cp', ['config.yaml', folder]);
    const tables = join(folder, 'tables');
    execFileSync(PYTHON, [SCRIPT, 'make', tables], { stdio: ['ignore', 'ignore', 'inherit'] });
    const described = JSON.parse(readFileSync(join(tables, 'tables.json'), 'utf8')) as Described[];
    return described.map((table) => {
      const row = judgeTable(folder, tables, table);
      process.stderr.write(`${tableLine(row)}\n`);
      return row;
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judgeTable(folder: string, tables: string, table: Described): TableRow {
  const { name, file, target, rows, classes } = table;
  const about = { table: name, rows, classes };
  const project = `projects/${name}`;
  const make = (...args: string[]) =>
    spawnSync('make', args, { cwd: folder, env: plainEnvironment(), encoding: 'utf8' });
  const made = make('init', `CSV=${join(tables, file)}`, `TARGET=${target}`, `DIR=${project}`);
  const trained = made.status === 0 ? make('train', `CONFIG=${project}/config.yaml`) : made;
  if (trained.status !== 0)
    return {
      ...about,
      model: `refused: ${trained.stderr.trim().split('\n')[0]}`,
      ours: null,
      class_shares: null,
      theirs: null,
      within: false,
      above_shares: false,
    };
  const metrics = JSON.parse(
    readFileSync(join(folder, project, 'models/v1/metrics.json'), 'utf8'),
  ) as Metrics;
  const train = join(folder, project, 'data/processed/v1_train.csv');
  const [header = ''] = readFileSync(train, 'utf8').split('\n', 1);
  const dropped = (table.dropped ?? []).filter((name) => header.split(',').includes(name));
  const group = table.group === undefined ? [] : [table.group];
  const { log_loss } = JSON.parse(
    execFileSync(PYTHON, [SCRIPT, 'folds', train, target, dropped.join(), ...group], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as { log_loss: Record<'logistic' | 'forest' | 'boosting', number> };
  const theirs = { logistic: log_loss.logistic, forest: log_loss.forest, boosting: log_loss.boosting };
  const best = Math.min(...Object.values(theirs).filter((x) => x !== undefined));
  const shares = metrics.baselines.class_shares.log_loss;
  return {
    ...about,
    model: /^model +(.*?):/m.exec(made.stdout)?.[1] ?? '',
    ours: metrics.log_loss,
    class_shares: shares,
    theirs,
    within: metrics.log_loss <= WITHIN * best,
    above_shares: metrics.log_loss > 1.001 * shares,
  };
}

export function tableLine({ table, model, ours, class_shares, theirs, within }: TableRow): string {
  const shown = (x: number | null | undefined) => (x === null || x === undefined ? '–' : x.toFixed(3));
  return `${within ? '✓' : '✗'} ${table.padEnd(20)} ours ${shown(ours)}  shares ${shown(class_shares)}  theirs ${shown(theirs?.logistic)} ${shown(theirs?.forest)} ${shown(theirs?.boosting)}   ${model}`;
}
