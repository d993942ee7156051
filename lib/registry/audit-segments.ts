/**
 * What is wrong with the stream of events: a sealed segment is what its seal says, by its hash, or in full by every link; every other
 * log by every link. One file is held at a time.
 */
import { existsSync, readFileSync } from 'node:fs';
import { sha256 } from '../files/hash.ts';
import { LEDGER_START, readPieces } from '../files/ledger-reader.ts';
import { allLogs, type Ledger, type Ledgers } from '../record/catalogue.ts';
import { droppedFiles } from '../record/retention.ts';
import { type Seal, sealsOf } from '../record/segments.ts';
import { isRoutedRight } from './split.ts';

/** A chain value that another ledger recorded of a log. */
export interface Anchor {
  /** What recorded the head. */
  readonly from: string;
  readonly name: string;
  readonly head: string;
}

export function auditSegments(
  ledgers: Ledgers,
  anchors: readonly Anchor[],
  inFull: boolean,
): { logs: number; lines: number; problems: string[] } {
  const dropped = droppedFiles(ledgers);
  const seals = sealsOf(ledgers);
  const logs = allLogs(ledgers);
  const problems: string[] = [];
  let lines = 0;
  for (const log of logs) {
    const own = anchors.filter(({ name }) => name === log.name);
    const found = auditLog(log, own, seals.get(log.name), inFull);
    lines += found.lines;
    problems.push(...found.problems);
  }
  const there = new Set(logs.map(({ name }) => name));
  const isGone = (name: string) => !there.has(name) && !dropped.has(name);
  for (const { from, name } of anchors)
    if (name.includes('/') && isGone(name))
      problems.push(`${from} records the head of ledger ${name}, which is gone`);
  for (const name of seals.keys())
    if (isGone(name)) problems.push(`${ledgers.segments.path} says that ${name} was sealed, and it is gone`);
  return { logs: logs.length, lines, problems };
}

function auditLog(
  log: Ledger,
  anchors: readonly Anchor[],
  seal: Seal | undefined,
  inFull: boolean,
): { lines: number; problems: string[] } {
  const { path } = log;
  if (seal !== undefined && !inFull && existsSync(path)) {
    const bytes = readFileSync(path);
    if (sha256(bytes) === seal.sha256) {
      const cut = anchors.filter(({ head }) => !bytes.includes(head)).map((anchor) => cutText(path, anchor));
      return { lines: seal.events, problems: [...cut, ...routingProblems(path, bytes)] };
    }
  }
  const read = auditLinks(log, anchors);
  if (seal !== undefined && read.problems.length === 0 && read.head !== seal.head)
    read.problems.push(`${path}  is not what it was when it was sealed (segments.csv)`);
  return read;
}

/** Every link, and every head that others recorded. */
function auditLinks(
  { name, path, format }: Ledger,
  anchors: readonly Anchor[],
): { lines: number; head: string; problems: string[] } {
  const missing = new Map(anchors.map((anchor) => [anchor.head, anchor]));
  const problems: string[] = [];
  let lines = 0;
  let head = '';
  for (const reading of readPieces(path, format, LEDGER_START)) {
    problems.push(...reading.problems.map(({ text }) => text));
    const isSound = reading.problems.every(({ kind }) => kind === 'torn');
    for (const { number, body, chain } of reading.lines) {
      lines++;
      missing.delete(chain);
      if (isSound && name.startsWith('predictions/') && body.includes(SPLIT) && !isRight(body))
        problems.push(routingText(path, number));
    }
    head = reading.end.chain;
  }
  problems.push(...[...missing.values()].map((anchor) => cutText(path, anchor)));
  return { lines, head, problems };
}

function cutText(path: string, { from, head }: Anchor): string {
  return `${path}  its tail was cut or rewritten: the line with chain ${head}, which ${from} records, is gone`;
}

const SPLIT = '"split":"';

/** Every prediction under a split came from the version that its key draws. */
function routingProblems(path: string, bytes: Buffer): string[] {
  if (!bytes.includes(SPLIT)) return [];
  return bytes
    .toString()
    .split('\n')
    .flatMap((line, i) => (line.includes(SPLIT) && !isRight(line) ? [routingText(path, i + 1)] : []));
}

function isRight(line: string): boolean {
  return isRoutedRight(JSON.parse(line));
}

function routingText(path: string, number: number): string {
  return `${path}:${number}  was not answered by the version that its key and the split draw`;
}
