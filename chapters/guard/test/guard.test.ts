/** Whoever can send labels would like to teach the model: what that takes here, and what it does not do. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import { readDataset } from '../../../lib/data/dataset.ts';
import { chapters } from '../../../lib/door.ts';
import { random } from '../../../lib/numbers/random.ts';
import { loadProject } from '../../../lib/project.ts';
import { type LoadedVersion, loadVersion } from '../../../lib/registry/load.ts';
import type { Taught } from '../../../lib/watch/taught.ts';
import { ask } from '../../../test/serving.ts';
import { livedProject, trainedProject } from '../../../test/support.ts';
import { type Admitting, admitTaught } from '../admit.ts';
import { championLine } from '../rivals.ts';
import { objectionTo, worseBy } from '../trusted-rows.ts';

const KEY = 'the-key-of-the-ward-for-tests';
process.env.CLOCKWORK_FEEDBACK_KEYS = `ward:${KEY}`;
after(() => delete process.env.CLOCKWORK_FEEDBACK_KEYS);

/** Rows of which the model is sure or not, with labels that are flipped at a rate. */
function rowsOf(by: string, count: number, flipped: number, seed: number): Taught[] {
  const rng = random(seed, by);
  return Array.from({ length: count }, (_, i) => {
    const isSure = rng.float() < 0.8;
    const probability = isSure ? 0.002 : 0.3;
    // As the model itself is wrong: seldom where it is sure.
    const truth = rng.float() < probability ? '1' : '0';
    const label = rng.float() < flipped ? String(1 - Number(truth)) : truth;
    const time = new Date(Date.UTC(2026, 10, 1) + i * 1000).toISOString();
    return {
      id: `${by}${i}`,
      by,
      time,
      label,
      probability,
      class: '0',
      ids: {},
      input: {},
    } as unknown as Taught;
  });
}

const options: Admitting = {
  trusted: new Set(['replay']),
  rows_per_day: 1000,
  sure: 0.99,
  sureErrors: { errors: 13, rows: 6000 },
  disagrees: () => false,
  confidence: 0.95,
};

test('a sender who flips labels teaches nothing, one who is right teaches all but what surprises', () => {
  for (const flipped of [0.02, 0.05, 0.1, 1]) {
    const { admitted, held } = admitTaught(rowsOf('ward', 800, flipped, 1), options);
    assert.deepEqual([admitted.length, held.length], [0, 800], `${flipped}`);
    assert.match(held[0]!.reason, /ward contradicts \d+ of \d+ sure answers/);
  }
  const { admitted, held } = admitTaught(rowsOf('ward', 800, 0, 1), options);
  assert.ok(held.length <= 5, `${held.length} held`);
  assert.equal(admitted.length + held.length, 800);
  assert.equal(
    admitTaught(rowsOf('replay', 800, 1, 1), options).held.length,
    0,
    'whoever is trusted is believed',
  );
});

test('honest senders are held as a whole at most at the rate that is said', () => {
  let whole = 0;
  const trials = 400;
  for (let trial = 0; trial < trials; trial++) {
    const { admitted } = admitTaught(rowsOf('ward', 800, 0, 1000 + trial), options);
    if (admitted.length === 0) whole++;
  }
  assert.ok(whole / trials <= 0.05, `${whole} of ${trials}`);
});

test('a few flips among many are held row by row, and a flood is cut at a day', () => {
  const slow = rowsOf('ward', 900, 0.004, 3);
  const flips = slow.filter(({ label, probability }) => label === '1' && probability < 0.01).length;
  const { held, admitted } = admitTaught(slow, options);
  assert.ok(flips > 0 && held.length >= flips);
  assert.ok(admitted.every(({ label, probability }) => label === '0' || probability > 0.01));
  const flood = admitTaught(rowsOf('ward', 3000, 0, 4), options);
  assert.equal(flood.admitted.length, 1000);
  assert.ok(flood.held.some(({ reason }) => reason === 'more than 1000 of one day by one sender'));
});

/** Rows that nobody ever measured, and labels that are always the other class: what an attacker sends. */
async function teach(
  project: ReturnType<typeof trainedProject>,
  key: string | undefined,
  requests: number,
  labelOf: (given: string, i: number) => string,
) {
  const { url } = project.server();
  const rng = random(9, 'attack');
  const post = (path: string, body: unknown, headers = {}) =>
    ask(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const statuses = new Set<number>();
  for (let request = 0; request < requests; request++) {
    const rows = Array.from({ length: 100 }, (_, i) => ({
      UDI: 900_000 + request * 100 + i,
      'Product ID': `L${request * 100 + i}`,
      Type: 'L',
      'Air temperature [K]': 296 + rng.float() * 6,
      'Process temperature [K]': 306 + rng.float() * 6,
      'Rotational speed [rpm]': 1300 + Math.round(rng.float() * 600),
      'Torque [Nm]': 20 + rng.float() * 40,
      'Tool wear [min]': Math.round(rng.float() * 200),
    }));
    const given = (await (await post('/predict', rows)).json()) as { id: string; class: string }[];
    const labels = given.map(({ id, class: k }, i) => ({ id, label: labelOf(k, request * 100 + i) }));
    const told = await post('/feedback', labels, key === undefined ? {} : { authorization: `Bearer ${key}` });
    statuses.add(told.status);
    await told.text();
  }
  return [...statuses];
}

test('invented rows with turned labels replace no champion, by whatever key they come', async () => {
  const project = trainedProject();
  const champion = () => JSON.parse(project.read('models/aliases.json')).champion as string;
  const turned = (given: string) => String(1 - Number(given));
  project.set({ cooldown_hours: 0 });
  const started = project.make('start');
  assert.equal(started.status, 0, started.err);
  // Nobody's key: nothing comes in.
  assert.deepEqual(await teach(project, undefined, 2, turned), [401]);
  assert.deepEqual(await teach(project, 'the key of nobody at all', 2, turned), [401]);
  // A sender's key, as if it had been stolen: the rows wait for a person.
  assert.deepEqual(await teach(project, KEY, 12, turned), [200]);
  const first = project.make('monitor', 'retrain');
  assert.match(first.out, /^retrain +yes/m, first.err);
  assert.match(first.out, /1,200 labelled rows of ward wait for a person: .*held_v2\.csv/);
  assert.match(project.read('data/quarantine/held_v2.csv'), /ward contradicts \d+ of \d+ sure answers/);
  assert.equal(champion(), 'v1');
  // A person who believes the ward all the same: what it taught is learnt, and fails on rows that it had no hand in.
  const accepted = project.make('retrain', 'ACCEPT=ward');
  assert.match(accepted.out, /it is better/, accepted.err);
  assert.match(
    accepted.out,
    /is worse by \.?\d*\.\d+ in \w+ on [\d,]+ later rows of the first data version, where 0\.02 is allowed/,
  );
  assert.equal(champion(), 'v1');
  // The trusted key itself.
  assert.deepEqual(await teach(project, project.read('.make/config/server.key').trim(), 12, turned), [200]);
  const trusted = project.make('monitor', 'retrain');
  assert.match(trusted.out, /is worse by/, trusted.out + trusted.err);
  assert.equal(champion(), 'v1');
  project.make('stop');
});

test('a sender is taken out again, and by the same rows the same bytes come', () => {
  const project = livedProject();
  const hash = () => JSON.parse(project.read('models/v1/metadata.json')).content_sha256 as string;
  const before = hash();
  const manifest = project.read('manifest.txt');
  assert.match(manifest, /version=v2 path=data\/processed\/v2_train\.csv .*taught=replay:\d+/);
  const { out, err } = project.make('retrain', 'WITHOUT=replay');
  assert.match(out, /rows that replay taught taken out/, err);
  assert.match(project.read('models/decisions.csv'), /by hand. without what replay taught/);
  assert.doesNotMatch(
    project
      .read('manifest.txt')
      .split('\n')
      .filter((line) => line.includes('version=v3'))
      .join('\n'),
    /taught=/,
  );
  // Without anything from production the training rows are those of the first version again, and so is the model.
  const rows = (version: string) => project.read(`data/processed/${version}_train.csv`);
  assert.equal(rows('v3'), rows('v1'));
  assert.equal(hash(), before);
  assert.match(project.make('retrain', 'WITHOUT=No One').err, /is no name of a sender/);
  assert.equal(project.make('audit').status, 0);
});

test('whoever is let in without a key is shown in red, and teaches nothing', async () => {
  const project = trainedProject();
  project.set({ senders: 'open', min_positives: 10 });
  assert.equal(project.make('start').status, 0);
  if (existsSync('chapters/status'))
    assert.match(await (await ask(project.server().url)).text(), /anybody may say what is true/);
  assert.deepEqual(await teach(project, undefined, 12, (given) => String(1 - Number(given))), [200]);
  const { out, err } = project.make('monitor', 'retrain', 'stop');
  assert.match(out, /^retrain +yes/m, out + err);
  assert.match(out, /1,200 labels left out: nothing is learnt from senders without a name/);
  assert.equal(JSON.parse(project.read('models/aliases.json')).champion, 'v1');
});

test('the champions of a line are those that retraining put in place of one another', () => {
  const move = (event: string, from: string, to: string) => ({ event, change: `champion: ${from} -> ${to}` });
  const moves = [
    move('promotion', 'none', 'v1'),
    { event: 'stage', change: 'stage of v2: None -> Staging' },
    move('promotion', 'v1', 'v2'),
    move('promotion', 'v2', 'v3'),
  ];
  const by = (...versions: string[]) =>
    versions.map((version) => ({ decision: 'promoted' as const, version }));
  assert.deepEqual(championLine(moves, by('v2', 'v3')), ['v3', 'v2', 'v1']);
  assert.deepEqual(championLine(moves, by('v3')), ['v3', 'v2'], 'a person chose v2');
  assert.deepEqual(championLine(moves, []), ['v3']);
  assert.deepEqual(championLine([...moves, move('rollback', 'v3', 'v2')], by('v2', 'v3')), ['v2']);
  assert.deepEqual(championLine([], []), []);
});

test('small steps lead no further down than one: a slow drip ends at the margin', () => {
  const project = trainedProject();
  const here = loadProject(chapters, project.path('config.yaml'));
  const first = loadVersion(here, 'v1');
  /** As what was taught a little wrong each week would make it: so much of what it says is chance. */
  const worse = (version: string, chance: number): LoadedVersion => ({
    ...first,
    version,
    scorer: (features, rows) =>
      first
        .scorer(features, rows)
        .map((p, row) => (1 - chance) * p + chance * random(5, 'drip', row).float()),
  });
  const settings = { margin: 0.02, trusted: [] };
  const STEP = 0.02;
  const drip = (rivalsOf: (line: readonly LoadedVersion[]) => readonly LoadedVersion[]) => {
    let line: readonly LoadedVersion[] = [first];
    for (let week = 1; week <= 16; week++) {
      const challenger = worse(`v${week + 1}`, line.length * STEP);
      if (objectionTo(here, rivalsOf(line), challenger, settings) === undefined) line = [challenger, ...line];
    }
    return line;
  };
  const [line, alone] = [drip((all) => all), drip((all) => all.slice(0, 1))];
  const data = readDataset(project.path('data/processed/v1_test.csv'), here.config.schema);
  const fall = (version: LoadedVersion) => worseBy(here, first, version, data).by;
  assert.ok(fall(line[0]!) <= settings.margin, `${line.length - 1} steps were taken`);
  assert.ok(fall(alone[0]!) > settings.margin, 'held against the champion alone it falls on and on');
  const last = objectionTo(here, line, worse('v99', 0.5), settings);
  assert.match(last ?? '', /is worse (than v\d+, from which retraining came step by step, )?by/);
});
