/** A feature is what was known at its time and nothing later: against brute force, with the future planted, and the same bytes when served. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfig, sectionOf } from '../../../lib/config/parse.ts';
import { writeCsv } from '../../../lib/files/csv.ts';
import { temporaryFolder } from '../../../test/support.ts';
import { defineView } from '../definition.ts';
import { type History, keyOf, readHistory, rowsOf } from '../history.ts';
import { joinInTime, joinSpine } from '../join.ts';
import { asOf } from '../order.ts';
import { onlineFeatures } from '../serve.ts';
import { type FeatureSettings, featuresSection } from '../settings.ts';
import { EVENT_COLUMNS, SPINE_COLUMNS, simulateFleet } from '../simulate-fleet.ts';
import { packState, readState, stateKey } from '../state.ts';

const HOUR = 3_600_000;
const fleetText = readFileSync('examples/fleet/config.yaml', 'utf8');
const fleetConfig = parseConfig(fleetText, 'examples/fleet/config.yaml', [featuresSection]);
const fleetSettings = sectionOf(fleetConfig, featuresSection);

test('the join in time is DuckDB’s, and brute force’s', () => {
  const { left, right, found } = JSON.parse(
    readFileSync('chapters/features/test/asof.json', 'utf8'),
  ) as Record<'left' | 'right', { entities: number[]; times: number[] }> & { found: number[] };
  const side = ({ entities, times }: { entities: number[]; times: number[] }) => ({
    entities: Int32Array.from(entities),
    times: Float64Array.from(times),
  });
  assert.deepEqual([...asOf(side(left), side(right), 12)], found);
  const row = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 8 }));
  fc.assert(
    fc.property(fc.array(row, { maxLength: 25 }), fc.array(row, { maxLength: 25 }), (a, b) => {
      const rows = (of: [number, number][]) =>
        side({ entities: of.map(([e]) => e), times: of.map(([, t]) => t) });
      const expected = a.map(([e, t]) =>
        b.reduce(
          (best, [other, time], j) =>
            other === e && time <= t && (best < 0 || time >= b[best]![1]) ? j : best,
          -1,
        ),
      );
      assert.deepEqual([...asOf(rows(a), rows(b), 4)], expected);
    }),
  );
});

const SETTINGS: FeatureSettings = {
  spine: '',
  online: 'none',
  stale: 'refuse',
  sources: {
    s: { path: 's.csv', entity: ['e'], time: 't', created: 'c', columns: { x: 'number', k: 'text' } },
  },
  views: {
    v: {
      source: 's',
      owner: '',
      description: '',
      ttl_hours: 6,
      features: {
        latest: { last: 'x' },
        twice: { last: 'x * 2' },
        mean3: { mean: 'x', rows: 3 },
        sum4: { sum: 'x', hours: 4 },
        low: { min: 'x', hours: 6 },
        high: { max: 'x', rows: 2 },
        count: { count: "k = 'a'", hours: 5 },
        since: { since: 'x > 5' },
        ratio: { of: 'mean3 / high' },
        piece: { of: 'latest', bins: [2, 5] },
      },
    },
  },
};

interface Event {
  readonly t: number;
  readonly c: number;
  readonly x: number | null;
  readonly k: string;
}

/** Straight from the words: of each moment the row known last, of those known by then and young enough. */
function bruteForce(events: readonly Event[], time: number): number[] {
  const known = events.filter(({ t, c }) => t <= time && c <= time && t >= time - 6 * HOUR);
  const moments = [...new Set(known.map(({ t }) => t))].sort((a, b) => b - a);
  const rows = moments.map((t) =>
    known.filter((each) => each.t === t).reduce((best, each) => (each.c >= best.c ? each : best)),
  );
  const within = (hours: number) => rows.filter(({ t }) => t >= time - hours * HOUR);
  const xs = (of: readonly Event[]) => of.flatMap(({ x }) => (x === null ? [] : [x]));
  const mean = (of: number[]) =>
    of.length === 0 ? Number.NaN : of.reduce((sum, x) => sum + x, 0) / of.length;
  const latest = rows[0]?.x ?? Number.NaN;
  const mean3 = mean(xs(rows.slice(0, 3)));
  const high = xs(rows.slice(0, 2)).length === 0 ? Number.NaN : Math.max(...xs(rows.slice(0, 2)));
  const low = xs(within(6)).length === 0 ? Number.NaN : Math.min(...xs(within(6)));
  const hit = rows.find(({ x }) => x !== null && x > 5);
  const ratio = mean3 / high;
  return [
    latest,
    latest * 2,
    mean3,
    xs(within(4)).reduce((sum, x) => sum + x, 0),
    low,
    high,
    within(5).filter(({ k }) => k === 'a').length,
    hit === undefined ? Number.NaN : (time - hit.t) / HOUR,
    Number.isFinite(ratio) ? ratio : Number.NaN,
    Number.isNaN(latest) ? Number.NaN : latest < 2 ? 0 : latest < 5 ? 1 : 2,
  ];
}

test('every feature is what brute force says, with rows that come late, correct others, and grow old', () => {
  const folder = temporaryFolder();
  const path = join(folder, 's.csv');
  const definition = defineView(SETTINGS, 'v');
  const start = Date.UTC(2026, 0, 1);
  const event = fc.record({
    e: fc.constantFrom('a', 'b'),
    t: fc.integer({ min: 0, max: 10 }),
    late: fc.integer({ min: 0, max: 4 }),
    x: fc.option(fc.integer({ min: 0, max: 9 }), { nil: null }),
    k: fc.constantFrom('a', 'b', ''),
  });
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 20 }),
      fc.array(fc.integer({ min: 0, max: 16 }), { minLength: 1, maxLength: 5 }),
      (events, asked) => {
        const iso = (hours: number) => new Date(start + hours * HOUR).toISOString();
        writeCsv(
          path,
          ['e', 't', 'c', 'x', 'k'],
          events.map(({ e, t, late, x, k }) => [e, iso(t), iso(t + late), x === null ? '' : String(x), k]),
        );
        const history = readHistory(path, SETTINGS.sources.s!);
        const rows = rowsOf(history, definition);
        const out = new Float64Array(definition.names.length);
        for (const e of ['a', 'b', 'nobody'])
          for (const hours of asked) {
            const time = start + hours * HOUR;
            const own = events
              .filter((each) => each.e === e)
              .map(({ t, late, x, k }) => ({ t: start + t * HOUR, c: start + (t + late) * HOUR, x, k }));
            const [from, to] = boundsOf(history, e);
            definition.compute(rows, from, to, time, out, 0);
            assert.deepEqual([...out], bruteForce(own, time), `${e} at ${hours}`);
            // What is served at that time is the same to the bit.
            const state = readState(
              packState(definition, rows, from, to, { time, until: time, line: 0 }),
              definition.atoms.length,
            )!;
            const served = new Float64Array(out.length);
            definition.compute(state.rows, 0, state.count, time, served, 0);
            assert.deepEqual(Buffer.from(served.buffer), Buffer.from(out.buffer));
          }
      },
    ),
    { numRuns: 150 },
  );
});

function boundsOf(history: History, key: string): [number, number] {
  const entity = history.entities.get(keyOf([key]));
  return entity === undefined ? [0, 0] : [history.starts[entity]!, history.starts[entity + 1]!];
}

/** The fleet in a folder, and where its files are. */
function fleetIn(folder: string, machines: number, days: number) {
  const fleet = simulateFleet(machines, days, 1);
  writeCsv(join(folder, 'events.csv'), EVENT_COLUMNS, fleet.events);
  writeCsv(join(folder, 'rows.csv'), SPINE_COLUMNS, fleet.spine);
  return { ...fleet, at: (path: string) => join(folder, path.split('/').at(-1)!) };
}

test('where the latest row decides, one pass over both gives what each row finds alone', () => {
  const folder = temporaryFolder();
  const path = join(folder, 's.csv');
  const { created: _, ...source } = SETTINGS.sources.s!;
  const settings: FeatureSettings = {
    ...SETTINGS,
    sources: { s: source },
    views: { v: { ...SETTINGS.views.v!, features: { latest: { last: 'x' }, more: { of: 'latest + 1' } } } },
  };
  const definition = defineView(settings, 'v');
  assert.ok(definition.isOfLatest);
  const start = Date.UTC(2026, 0, 1);
  const row = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 12 }));
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 20 }),
      fc.array(row, { minLength: 1, maxLength: 20 }),
      (events, spine) => {
        writeCsv(
          path,
          ['e', 't', 'x', 'k'],
          events.map(([e, t], i) => [e, new Date(start + t * HOUR).toISOString(), String(i), '']),
        );
        const history = readHistory(path, settings.sources.s!);
        const entities = Int32Array.from(spine, ([e]) => history.entities.get(keyOf([e])) ?? -1);
        const times = Float64Array.from(spine, ([, t]) => start + t * HOUR);
        const fast = joinInTime(definition, history, entities, times);
        const slow = joinInTime(definition, { ...history, asRead: undefined }, entities, times);
        assert.deepEqual(fast, slow);
      },
    ),
  );
});

test('the future that is planted changes nothing, every row is there once, and ten thousand rows are served to the byte', async () => {
  const folder = temporaryFolder();
  const { events, spine, at } = fleetIn(folder, 120, 84);
  const joined: string[][] = [];
  const { rows, unknown } = joinSpine(fleetConfig, fleetSettings, at, (cells) => joined.push([...cells]));
  assert.equal(rows, spine.length);
  assert.ok(rows >= 10_000 && (unknown.wear ?? 0) < 200);
  const names = Object.keys(fleetConfig.schema);
  assert.deepEqual(
    joined.map((cells) => cells[0]),
    spine.map(([row]) => row),
  );

  // A row of the future for each, that gives the answer away: known later, or happened later.
  const [machine, moment, fails] = ['machine', 'at', 'fails'].map((name) => SPINE_COLUMNS.indexOf(name)) as [
    number,
    number,
    number,
  ];
  const later = (time: string, ms: number) => new Date(Date.parse(time) + ms).toISOString();
  const leaks = spine.flatMap((cells) => [
    [
      cells[machine]!,
      later(cells[moment]!, 1000),
      later(cells[moment]!, 1000),
      cells[fails] === '1' ? '999' : '-999',
      '0',
      '0',
    ],
    [
      cells[machine]!,
      later(cells[moment]!, -1000),
      later(cells[moment]!, 1000),
      cells[fails] === '1' ? '999' : '-999',
      '0',
      '0',
    ],
  ]);
  const one = spine[5000]!;
  const early = leaks.filter(([m, , c]) => m !== one[machine] || c! > one[moment]!);
  writeCsv(at('events.csv'), EVENT_COLUMNS, [...events, ...early]);
  const spineOfOne = [one];
  writeCsv(at('rows.csv'), SPINE_COLUMNS, spineOfOne);
  const planted: string[][] = [];
  joinSpine(fleetConfig, fleetSettings, at, (cells) => planted.push([...cells]));
  assert.deepEqual(planted[0], joined[5000]);

  writeCsv(at('events.csv'), EVENT_COLUMNS, events);
  const definition = defineView(fleetSettings, 'wear');
  const history = readHistory(at('events.csv'), fleetSettings.sources.events!);
  const of = rowsOf(history, definition);
  const places = definition.names.map((name) => names.indexOf(name));
  const time = (cells: readonly string[]) => Date.parse(cells[moment]!);
  let now: Map<string, Uint8Array> = new Map();
  const online = onlineFeatures(fleetSettings, {
    get: (keys) => keys.map((key) => now.get(key)),
    put: async () => {},
    close: async () => {},
  });
  for (let i = 0; i < 10_000; i++) {
    const cells = spine[i]!;
    const key = cells[machine]!;
    const [from, to] = boundsOf(history, key);
    now = new Map([
      [
        stateKey('wear', key),
        packState(definition, of, from, to, { time: time(cells), until: time(cells), line: 0 }),
      ],
    ]);
    const { features } = (await online.read({ machine: key }, time(cells)))[0]!;
    for (const [f, place] of places.entries())
      if (place >= 0)
        assert.equal(
          joined[i]![place],
          features[definition.names[f]!] === null ? '' : String(features[definition.names[f]!]),
          `row ${i}`,
        );
  }
});

test('a source or a spine that is not what was declared is refused by its file and line', () => {
  const folder = temporaryFolder();
  const source = SETTINGS.sources.s!;
  const path = join(folder, 's.csv');
  for (const [text, said] of [
    ['e,t,c,x\n', /column "k" is missing/],
    ['e,t,c,x,k\n,2026-01-01,2026-01-01,1,a\n', /:2 {2}e is empty/],
    ['e,t,c,x,k\na,yesterday,2026-01-01,1,a\n', /:2 {2}column "t": "yesterday" is no time/],
    ['e,t,c,x,k\na,2026-01-01,2026-01-01,much,a\n', /:2 {2}column "x": "much" is no number/],
    ['', /is empty/],
  ] as const) {
    writeFileSync(path, text);
    assert.throws(() => readHistory(path, source), said);
  }
  assert.throws(() => readHistory(join(folder, 'gone.csv'), source), /gone\.csv {2}is missing/);
  for (const [change, said] of [
    [['mean: vibration, rows: 12', 'mean: vibration'], /hours or rows for mean/],
    [
      ['mean: vibration, rows: 12', 'mean: vibraton, rows: 12'],
      /"vibraton" is no column: did you mean vibration/,
    ],
    [['of: vibration_mean / vibration_week', 'of: vibration_mean / later'], /"later" is no column/],
    [['since: repaired = 1', 'since: repaired'], /is a number, and a truth is needed/],
    [
      ['source: events\n        owner', 'source: event\n        owner'],
      /"event" is no source.*did you mean events/,
    ],
    [['entity: [machine]', 'entity: [maschine]'], /"maschine" is no column of the schema/],
    [
      [
        'temperature_max: { max: temperature, hours: 48',
        'temperature_max: { max: temperature, sum: temperature, hours: 48',
      ],
      /exactly one of/,
    ],
    [['spine: data/incoming/rows.csv', 'spine: ""'], /rows that features are joined to/],
  ] as [[string, string], RegExp][]) {
    const text = fleetText.replace(change[0], change[1]);
    assert.notEqual(text, fleetText, change[0]);
    assert.throws(() => parseConfig(text, 'config.yaml', [featuresSection]), said);
  }
});
