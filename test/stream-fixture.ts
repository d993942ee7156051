/** A stream of events in an empty folder, written as servers write it. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '../lib/config/parse.ts';
import { jsonLedger, openLedger } from '../lib/files/ledger.ts';
import { random } from '../lib/numbers/random.ts';
import { ledgersOf } from '../lib/record/catalogue.ts';
import { idSource } from '../lib/record/event-id.ts';
import { answeredLine, headerLine, labelLine, type ModelShape } from '../lib/record/events.ts';
import { defaultConfig, temporaryFolder } from './support.ts';

const CONFIG = parseConfig(defaultConfig, 'config.yaml');
export const KEY = Buffer.alloc(16, 3);
export const SHAPE: ModelShape = { version: 'v1', sha256: 'ab'.repeat(32), ids: ['unit'], input: ['a', 'b'] };
export const OTHER: ModelShape = { ...SHAPE, version: 'v2', sha256: 'cd'.repeat(32) };
export const START = Date.parse('2026-11-01T00:00:00Z');

export interface Row {
  readonly id: string;
  readonly time: Date;
  readonly model: string;
}

/** A stream in an empty folder, of writers that are not there any more, on a machine that is this one. */
export function streamIn() {
  const folder = temporaryFolder();
  const ledgers = ledgersOf(CONFIG, (...parts) => join(folder, ...parts));
  let now = START;
  const newId = idSource(KEY, () => now);
  const rng = random(7, 'stream');
  /** Group commits of one writer, named so that nobody writes it now. */
  const writer = (name: string, shapes: readonly ModelShape[] = [SHAPE]) => {
    const path = join(ledgers.predictions, `${name}.jsonl`);
    const append = (lines: readonly string[]) => {
      const ledger = openLedger(path, jsonLedger);
      const header = ledger.size === 0 ? [headerLine(new Date(now), name, shapes)] : [];
      ledger.append([...header, ...lines]);
      ledger.close();
    };
    return { path, append };
  };
  const predict = (shape = SHAPE, rows = 1): { rows: Row[]; line: string } => {
    now += 1000;
    const time = new Date(now);
    const predictions = Array.from({ length: rows }, () => ({
      id: newId(),
      model: shape.version,
      sha256: shape.sha256,
      probability: rng.float(),
      class: '0',
    }));
    const line = answeredLine(
      predictions,
      predictions.map((_, i) => ({ input: { a: i, b: null }, ids: i % 2 === 0 ? { unit: `u${i}` } : {} })),
      { time, route: 'champion', shape, split: undefined, latency: 1, request: undefined, smoke: false },
    );
    return { rows: predictions.map(({ id }) => ({ id, time, model: shape.version })), line };
  };
  const label = (of: string, value: string, correction = false) => {
    now += 1000;
    const time = new Date(now).toISOString();
    return labelLine({
      id: newId(),
      time,
      of,
      label: value,
      by: 'lab',
      ...(correction ? { correction: true } : {}),
    });
  };
  const at = (time: number) => {
    now = time;
  };
  return { folder, ledgers, writer, predict, label, at };
}

const thisHost = hostname().replace(/[^A-Za-z0-9-]/g, '-');

/** A name of a segment whose process is gone. */
export const gone = (second: number, pid = 999_999_990) =>
  `20261101T0000${String(second).padStart(2, '0')}-${thisHost}-${pid}`;
/** Of one that may write on. */
export const alive = `20261101T000059-${thisHost}-${process.pid}`;
