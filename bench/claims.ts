/**
 * The statistical claims themselves, by simulation: what is said to happen rarely where nothing is wrong does, and what is said
 * to be found is. Every trial is seeded, and a row fails only where chance does not explain it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MetricName } from '../lib/config/schema.ts';
import { badInput, Fault, MISSED } from '../lib/fault.ts';
import { writeAtomic } from '../lib/files/write.ts';
import {
  classProbabilities,
  conformalLimits,
  conformalSet,
  strangenessOf,
} from '../lib/measure/conformal.ts';
import { measureDrifts } from '../lib/measure/drift.ts';
import { measureMetrics, measureShare } from '../lib/measure/estimates.ts';
import { compareScores } from '../lib/measure/evaluate.ts';
import { wilson } from '../lib/measure/intervals.ts';
import type { ScoredRows } from '../lib/numbers/outputs.ts';
import { type Random, random } from '../lib/numbers/random.ts';
import { run } from '../lib/terminal.ts';
import { measureHarm } from '../lib/watch/harm.ts';
import { WATCHED } from '../lib/watch/vigil.ts';
import {
  apartFor,
  atLeast,
  atMost,
  type ClaimRow,
  CONFIG,
  changesOver,
  countCases,
  drawn,
  drawnClasses,
  drawnInputs,
  givenBy,
  KINDS,
  type Kind,
  LIMITS,
  logged,
  loggedInput,
  populationOf,
  referenceOf,
  rowsAtLimit,
  trialsOf,
} from './claims-drawn.ts';
import { judgeTables, type TableRow } from './small-tables.ts';
import { claimsTable, replaced, tablesTable } from './words.ts';

export type { ClaimRow } from './claims-drawn.ts';

export type Claim = (scale: number) => ClaimRow[];

const CONFIDENCE = { confidence: 0.95 };
const DRIFT = { falseAlarmRate: 0.01, psi: 0, ...CONFIDENCE };

/** Rarer alarms than was said do no harm, but are told. */
function driftOfOne(scale: number): ClaimRow[] {
  const must = { ...atMost(0.013), says: '0.007 – 0.013' };
  return Object.entries(KINDS)
    .flatMap(([name, kind]) =>
      countCases('an input without drift is said to drift', must, trialsOf(3000, scale), (trial) => {
        const rng = random(1, 'one input', name, trial);
        const reference = referenceOf(name, kind, rng);
        const isFound = (rows: number) => {
          const column = drawn(rows, () => kind.draw(rng));
          return measureDrifts([{ reference, column }], DRIFT)[0]!.verdict !== 'none';
        };
        return Object.fromEntries(
          [30, 100, 300, 3000, 10_000].map((rows) => [`${name}, ${rows} rows`, isFound(rows)]),
        );
      }),
    )
    .map((row) => (row.high < 0.007 ? { ...row, at: `${row.at}, conservative` } : row));
}

/** Trials take their references from a pool, which 100 rows tell hardly from references of their own. */
function driftOfAny(scale: number): ClaimRow[] {
  const pool = drawnInputs(300, (i) => random(2, 'pool', i));
  const claim = 'any of the inputs without drift is said to drift';
  return countCases(claim, atMost(0.05), trialsOf(1000, scale), (trial) => {
    const rng = random(2, 'many inputs', trial);
    const columns = Array.from({ length: 100 }, (_, f) => {
      const { kind, reference } = pool[(100 * trial + f) % pool.length]!;
      return { reference, column: drawn(100, () => kind.draw(rng)) };
    });
    const isAny = (inputs: number) =>
      measureDrifts(columns.slice(0, inputs), DRIFT).some(({ verdict }) => verdict !== 'none');
    return Object.fromEntries([6, 20, 100].map((inputs) => [`${inputs} inputs, 100 rows`, isAny(inputs)]));
  });
}

/** With a PSI of 0 as its limit the alarm rests on its evidence alone. */
function driftWatched(scale: number): ClaimRow[] {
  const claim = 'the drift alarm rings over 100 looks at 6 inputs without drift';
  return [30, 300].flatMap((rows) =>
    countCases(claim, atMost(0.05), trialsOf(rows === 30 ? 300 : 60, scale, 10), (trial) => {
      const inputs = drawnInputs(6, (i) => random(3, 'watched', rows, trial, i));
      const rng = random(3, 'looks', rows, trial);
      const looks = Array.from({ length: 100 }, () => ({
        predictions: Array.from({ length: rows }, () => logged({ input: loggedInput(inputs, rng) })),
      }));
      const rings = (max_psi: number) =>
        changesOver(100, (look) => looks[look]!, inputs, { ...LIMITS, max_psi }).max_psi > 0;
      return Object.fromEntries(
        [LIMITS.max_psi, 0].map((psi) => [`${rows} rows a look, PSI of ${psi} or more`, rings(psi)]),
      );
    }),
  );
}

/** After a long calm too, each look of which has spent some of the chance of a false alarm. */
function driftRung(scale: number): ClaimRow[] {
  const claim = 'the drift alarm rings within 10 looks at 100 rows';
  return countCases(claim, atLeast(0.99), trialsOf(60, scale, 10), (trial) => {
    const inputs = drawnInputs(6, (i) => random(4, 'rung', trial, i));
    const rings = (calm: number) => {
      const rng = random(4, 'looks', calm, trial);
      const newAt = (look: number) => ({
        predictions: Array.from({ length: 100 }, () => {
          const input = loggedInput(inputs, rng);
          return logged({ input: look < calm ? input : { ...input, x0: null } });
        }),
      });
      return changesOver(calm + 10, newAt, inputs).max_psi > 0;
    };
    return Object.fromEntries(
      [0, 50].map((calm) => [`1 of 6 inputs missing altogether, after ${calm} calm looks`, rings(calm)]),
    );
  });
}

const mixed = (share: number, some: Kind['draw'], others: Kind['draw']): Kind => ({
  draw: (rng) => (rng.float() < share ? some(rng) : others(rng)),
});
const always = (value: number) => () => value;
const normal = (rng: Random) => rng.normal();
const upTo100 = (rng: Random) => 100 * rng.float();
const letters = { draw: (rng: Random) => rng.int(3), categories: ['a', 'b', 'c'] };

/** What carelessly frozen bins do not see: before and after. */
const BLIND: Readonly<Record<string, readonly [Kind, Kind]>> = {
  'constant 5 → 9': [{ draw: always(5) }, { draw: always(9) }],
  'flag 0.05 → 0.50': [mixed(0.05, always(1), always(0)), mixed(0.5, always(1), always(0))],
  '92 % at the maximum, which is left': [mixed(0.92, always(100), upTo100), { draw: upTo100 }],
  'missing 0 → 50 %': [{ draw: normal }, mixed(0.5, always(Number.NaN), normal)],
  'unknown categories 0 → 60 %': [letters, mixed(0.6, always(-1), letters.draw)],
  'missing 0 → 100 %': [{ draw: normal }, { draw: always(Number.NaN) }],
};

function driftFound(scale: number): ClaimRow[] {
  return countCases('drift is found in 300 rows', atLeast(0.99), trialsOf(600, scale), (trial) =>
    Object.fromEntries(
      Object.entries(BLIND).map(([name, [before, after]]) => {
        const rng = random(5, 'blind', name, trial);
        const reference = referenceOf(name, before, rng);
        const column = drawn(300, () => after.draw(rng));
        const [drift] = measureDrifts([{ reference, column }], { ...DRIFT, psi: 0.2 });
        return [name, drift!.verdict === 'drift'];
      }),
    ),
  );
}

function alerts(scale: number): ClaimRow[] {
  const { error_rate, calibration } = LIMITS;
  const signals = WATCHED.filter((signal) => signal !== 'max_psi');
  return [30, 300].flatMap((rows) => {
    const trials = trialsOf(rows === 30 ? 800 : 120, scale);
    const over = `100 looks at ${rows} rows`;
    return [
      ...countCases('an alarm rings at its limit', atMost(0.05), trials, (trial) => {
        const rng = random(6, 'limit', rows, trial);
        const off = trial % 2 === 0 ? calibration : -calibration;
        const changes = changesOver(100, () => rowsAtLimit(rng, rows, off, error_rate));
        return Object.fromEntries(signals.map((signal) => [`${signal}, ${over}`, changes[signal] > 0]));
      }),
      ...countCases('an alarm changes more than once', atMost(0.05), trials, (trial) => {
        const rng = random(6, 'steady', rows, trial);
        const newRows = () => ({ labelled: rowsAtLimit(rng, rows, 0, 1.5 * error_rate).labelled! });
        return { [`error_rate at 1.5 × its limit, ${over}`]: changesOver(100, newRows).error_rate > 1 };
      }),
    ];
  });
}

const POSITIVES = [10, 30, 100];
/** With each positive. */
const NEGATIVES = 19;

function coverage(scale: number): ClaimRow[] {
  const population = populationOf(NEGATIVES);
  return [1, 2.5, 4].flatMap((apart) => {
    const truth = population(apart);
    return POSITIVES.flatMap((positives) =>
      countCases('the interval holds the metric', atLeast(0.93), trialsOf(1500, scale), (trial) => {
        const rng = random(8, 'coverage', apart, positives, trial);
        const rows = drawnClasses(rng, positives, NEGATIVES * positives, apart);
        const measured = Object.entries(measureMetrics(rows, givenBy(rows.scores), CONFIDENCE));
        return Object.fromEntries(
          measured.map(([name, { estimate }]) => [
            `${name}, ${positives} positives, classes ${apart} sd apart`,
            estimate.low <= truth[name as MetricName] && truth[name as MetricName] <= estimate.high,
          ]),
        );
      }),
    );
  });
}

/** A fifth of the entities is wrong in 40 % of its rows, the others in 5 %: 12 % in all. */
function coverageOfEntities(scale: number): ClaimRow[] {
  const entities = Int32Array.from({ length: 3000 }, (_, row) => Math.floor(row / 20));
  return countCases('the interval holds the metric', atLeast(0.93), trialsOf(1500, scale), (trial) => {
    const rng = random(9, 'entities', trial);
    const prone = drawn(150, () => (rng.float() < 0.2 ? 0.4 : 0.05));
    const wrong = Uint8Array.from(entities, (entity) => (rng.float() < prone[entity]! ? 1 : 0));
    const { low, high } = measureShare(3000, (row) => [wrong[row]!, 1], { ...CONFIDENCE, entities }).estimate;
    return { 'error rate, 150 entities of 20 rows': low <= 0.12 && 0.12 <= high };
  });
}

/** Two models whose scores of a row correlate by 0.7 and have one distribution. */
function compare(scale: number): ClaimRow[] {
  const [apart, correlation] = [2.5, 0.7];
  return POSITIVES.flatMap((positives) =>
    countCases('one of two equal models is better', atMost(0.03), trialsOf(1500, scale), (trial) => {
      const rng = random(10, 'equal', positives, trial);
      const rows = drawnClasses(rng, positives, NEGATIVES * positives, apart);
      const other = rows.scores.map((score, row) => {
        const centre = (rows.labels[row]! - 0.5) * apart;
        return centre + correlation * (score - centre) + Math.sqrt(1 - correlation ** 2) * rng.normal();
      });
      const [a, b] = [rows.scores, other].map((scores) => ({ scores, given: givenBy(scores) }));
      return Object.fromEntries(
        Object.entries(compareScores(rows, a!, b!, 0, CONFIDENCE)).map(([name, { verdict }]) => [
          `${name}, ${positives} positives`,
          verdict === 'pass',
        ]),
      );
    }),
  );
}

/** As many positives as the example has: a PR-AUC of 0.80 in training, and a fall by so much in production. */
function harm(scale: number): ClaimRow[] {
  const population = populationOf(6722 / 278, 1000);
  const usual = apartFor(0.8, population);
  const scored = (rng: Random, positives: number, negatives: number, apart: number) => {
    const rows = drawnClasses(rng, positives, negatives, apart);
    return { ...rows, given: givenBy(rows.scores) };
  };
  const after = (fall: number) => {
    const apart = fall === 0 ? usual : apartFor(0.8 - fall, population);
    return (trial: number) => {
      const rng = random(12, 'harm', fall, trial);
      const [training, production] = [scored(rng, 278, 6722, usual), scored(rng, 102, 2898, apart)];
      const isFound = measureHarm(CONFIG, ['0', '1'], training, production)!.verdict === 'fail';
      return { [`PR-AUC 0.80 → ${(0.8 - fall).toFixed(2)}, 102 positives`]: isFound };
    };
  };
  const trials = trialsOf(1000, scale);
  return [
    ...countCases('harm is said where nothing has changed', atMost(0.025), trials, after(0)),
    ...countCases('harm is found', atLeast(0.3), trials, after(0.13)),
    ...countCases('harm is found', atLeast(0.83), trials, after(0.22)),
  ];
}

/** Sets are made by scores out of fold, and asked for rows that the model of all rows has not seen. */
function conformalSets(scale: number): ClaimRow[] {
  const trials = trialsOf(60, scale);
  return [0.8, 0.9, 0.95].flatMap((confidence) =>
    [0, 1].map((k): ClaimRow => {
      let [held, of] = [0, 0];
      for (let trial = 0; trial < trials; trial++) {
        const known = drawnClasses(random(11, 'sets', confidence, trial), 200, 1800, 2);
        const later = drawnClasses(random(11, 'later', confidence, trial), 100, 900, 2);
        const limits = conformalLimits(strangenessOf(asProbabilities(known)), confidence);
        const { labels, scores } = asProbabilities(later);
        for (const [row, y] of labels.entries()) {
          if (y !== k) continue;
          of++;
          if (conformalSet(limits, classProbabilities(scores, row, 2)).includes(k)) held++;
        }
      }
      const { value, low, high } = wilson(held, of, 0.95);
      const near =
        Math.abs(value - confidence) <= 0.01 || (low <= confidence + 0.01 && high >= confidence - 0.01);
      return {
        claim: 'the set holds the true class',
        at: `${k === 1 ? 'the rare class' : 'the frequent class'}, ${confidence} asked for`,
        must: `${confidence} ± 0.01`,
        observed: value,
        low,
        high,
        trials: of,
        holds: near,
      };
    }),
  );
}

function asProbabilities(rows: ScoredRows): ScoredRows {
  return { ...rows, scores: rows.scores.map((x) => 1 / (1 + Math.exp(-x))) };
}

/** What chapters claim of themselves, in a claims.ts of their own. */
async function claimsOfChapters(): Promise<Readonly<Record<string, Claim>>> {
  if (!existsSync('chapters')) return {};
  const files = readdirSync('chapters')
    .map((name) => resolve('chapters', name, 'claims.ts'))
    .filter((path) => existsSync(path));
  const loaded = await Promise.all(
    files.map(async (path) => (await import(pathToFileURL(path).href)) as { claims: Record<string, Claim> }),
  );
  return Object.assign({}, ...loaded.map(({ claims }) => claims)) as Record<string, Claim>;
}

/** Each claim by its name; a scale of 1 is all its trials. */
export const CLAIMS: Readonly<Record<string, Claim>> = {
  'drift-one': driftOfOne,
  'drift-any': driftOfAny,
  'drift-watched': driftWatched,
  'drift-rung': driftRung,
  'drift-found': driftFound,
  alerts,
  coverage,
  'coverage-entities': coverageOfEntities,
  compare,
  harm,
  conformal: conformalSets,
};

/** A line each, in columns. */
export function claimTable(rows: readonly ClaimRow[]): string {
  const share = (x: number) => x.toFixed(4);
  const lines = [
    ['claim', 'case', 'must', 'observed', 'trials', 'holds'],
    ...rows.map(({ claim, at, must, observed, low, high, trials, holds }) => [
      claim,
      at,
      must,
      `${share(observed)} [${share(low)} – ${share(high)}]`,
      String(trials),
      holds ? 'yes' : 'NO',
    ]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')).join('\n');
}

const KEPT = 'bench/claims.json';

/** What was measured last. */
export interface Kept {
  readonly claims: readonly ClaimRow[];
  readonly tables: readonly TableRow[];
}

/** Rows that were measured now take the place of the same ones, or stand after them. */
function keep(rows: readonly ClaimRow[], tables: readonly TableRow[] | undefined): void {
  const before = JSON.parse(readFileSync(KEPT, 'utf8')) as Kept;
  const measured = new Set(rows.map(({ claim }) => claim));
  const kept: Kept = {
    claims: [...before.claims.filter(({ claim }) => !measured.has(claim)), ...rows],
    tables: tables ?? before.tables,
  };
  writeAtomic(KEPT, `${JSON.stringify(kept, null, 2)}\n`);
  const text = readFileSync('BENCH.md', 'utf8');
  writeAtomic(
    'BENCH.md',
    replaced(replaced(text, 'claims', claimsTable(kept.claims)), 'tables', tablesTable(kept.tables)),
  );
  console.log(`${KEPT} · BENCH.md`);
}

async function main(args: readonly string[]): Promise<void> {
  const scale = args.includes('--short') ? 0.05 : 1;
  const [named = ''] = args.filter((arg) => !arg.startsWith('--'));
  const all = { ...CLAIMS, ...(await claimsOfChapters()) };
  const asked = Object.entries(all).filter(([name]) => name.includes(named));
  if (asked.length === 0 && named !== 'tables')
    throw badInput(`no claim is called ${named}: ${[...Object.keys(all), 'tables'].join(', ')}`);
  const rows = asked.flatMap(([name, claim]) => {
    const start = performance.now();
    const own = claim(scale);
    process.stderr.write(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
    return own;
  });
  if (rows.length > 0) console.log(claimTable(rows));
  if (scale === 1) keep(rows, undefined);
  const tables = scale === 1 && 'tables'.includes(named) ? judgeTables() : undefined;
  if (tables !== undefined) keep([], tables);
  else if ('tables'.includes(named)) console.log('skipped: tables (no .venv, or a short run)');
  const broken = rows.filter(({ holds }) => !holds).length;
  if (broken > 0) throw new Fault(`${broken} of ${rows.length} claims do not hold`, MISSED);
}

if (basename(process.argv[1] ?? '') === 'claims.ts') run(() => main(process.argv.slice(2)));
