/** The lines of the benchmark: ours beside theirs, printed as they are measured and kept in reports/bench.json. */
import { existsSync, readFileSync } from 'node:fs';
import { writeAtomic } from '../lib/files/write.ts';

export interface Line {
  readonly what: string;
  readonly ours: number;
  readonly theirs: number | null;
  /** ours against theirs, so that more is better. */
  readonly ratio: number | null;
  readonly goal: string;
  readonly met: boolean | null;
}

const PATH = 'reports/bench.json';
/** What was measured last and is quoted: the lines that are kept where reports/ was cleaned. */
const QUOTED = 'bench/figures.json';
const lines: Line[] = [];

export function note(
  what: string,
  ours: number,
  theirs: number | null,
  ratio: number | null,
  goal: string,
  met: boolean | null,
): void {
  lines.push({ what, ours, theirs, ratio, goal, met });
  const digits = (x: number | null) =>
    (x === null ? '–' : x >= 1000 ? x.toFixed(0) : x.toPrecision(4)).padStart(9);
  console.log(
    `${met === false ? '✗' : met ? '✓' : ' '} ${what.padEnd(62)} ours ${digits(ours)}  theirs ${digits(theirs)}  ${ratio === null ? '' : `ratio ${ratio.toFixed(2)}  `}${goal}`,
  );
}

/** Replaces the lines that were measured now and keeps the others; says how many fell short. */
export function writeLines(source: string): void {
  const before = lastLines();
  const fresh = new Map(lines.map((line) => [line.what, line]));
  const kept = before.map((line) => fresh.get(line.what) ?? line);
  const known = new Set(before.map(({ what }) => what));
  const all = [...kept, ...lines.filter(({ what }) => !known.has(what))];
  writeAtomic(PATH, `${JSON.stringify({ source, node: process.version, lines: all }, null, 2)}\n`);
  const missed = lines.filter(({ met }) => met === false).length;
  console.log(`\n${lines.length} figures, ${missed} short of their goal   ${PATH}`);
}

/** What was measured last, or what is quoted of it. */
export function lastLines(): readonly Line[] {
  if (existsSync(PATH)) return (JSON.parse(readFileSync(PATH, 'utf8')) as { lines: Line[] }).lines;
  return existsSync(QUOTED) ? (JSON.parse(readFileSync(QUOTED, 'utf8')) as { bench: Line[] }).bench : [];
}

export function timed(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
