/** docs/life, the record of one life on the real file, is whole: chains, anchors and hashes hold, and the figures are from it. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Figures } from '../../bench/words.ts';
import { sha256, sha256File } from '../../lib/files/hash.ts';
import { jsonLedger, type LedgerFormat } from '../../lib/files/ledger.ts';
import { readLedger } from '../../lib/files/ledger-reader.ts';
import { parseLogfmt } from '../../lib/files/logfmt.ts';
import { loadProject } from '../../lib/project.ts';
import { catalogue, parseHeads } from '../../lib/record/catalogue.ts';

const LIFE = 'docs/life';
const at = (...parts: string[]) => join(LIFE, ...parts);
const json = <T>(...parts: string[]) => JSON.parse(readFileSync(at(...parts), 'utf8')) as T;
const figures = JSON.parse(readFileSync('bench/figures.json', 'utf8')) as Figures;
/** As they lie in the record: where the shipped config, which it was lived with, keeps them. */
const kept = catalogue(loadProject([], 'config.yaml').ledgers)
  .map(({ name, path, format }) => ({ name, format, path: at(path) }))
  .filter(({ path }) => existsSync(path));
const ledgers = new Map<string, { path: string; format: LedgerFormat }>([
  ...kept.map((ledger) => [ledger.name, ledger] as const),
  ['alerts', { path: at('models/alerts.jsonl'), format: jsonLedger }],
]);
const readings = new Map([...ledgers].map(([name, { path, format }]) => [name, readLedger(path, format)]));

test('the chain of every ledger holds', () => {
  for (const name of ['manifest', 'deployments', 'models', 'decisions', 'monitoring', 'alerts']) {
    const { lines, problems } = readings.get(name)!;
    assert.ok(lines.length > 0, name);
    assert.deepEqual(problems, [], name);
  }
});

test('the heads that ledgers and versions name of one another are in them', () => {
  const { heads } = json<{ heads: string }>('reports/audit.json');
  const columns = [...readings.get('deployments')!.lines, ...readings.get('decisions')!.lines].map(
    ({ body }) => body,
  );
  const said = [
    heads,
    ...['v1', 'v2'].map((version) => json<{ heads: string }>('models', version, 'metadata.json').heads),
  ];
  const anchors = [...columns.flatMap((body) => body.split(',')), ...said].flatMap(parseHeads);
  const known = anchors.filter(({ name }) => readings.has(name));
  assert.ok(known.length > 20, String(known.length));
  for (const { name, head } of known)
    assert.ok(
      readings.get(name)!.lines.some(({ chain }) => chain === head),
      `${name}=${head}`,
    );
});

test('versions and reports are those that were registered and recorded', () => {
  const registered = readings.get('models')!.lines.map(({ body }) => parseLogfmt(body));
  assert.deepEqual([...new Set(registered.map(({ version }) => version))], ['v1', 'v2']);
  for (const { version, metadata_sha256 } of registered) {
    assert.equal(sha256File(at('models', version!, 'metadata.json')), metadata_sha256);
    const { files } = json<{ files: Record<string, string> }>('models', version!, 'metadata.json');
    for (const name of ['metrics.json', 'config.yaml'])
      assert.equal(sha256File(at('models', version!, name)), files[name]);
  }
  const runs = readings
    .get('monitoring')!
    .lines.map(({ body }) => JSON.parse(body) as { report: string; page: string });
  assert.deepEqual(
    runs.map(({ report, page }) => [report, page]),
    ['quiet', 'bad'].map((day) =>
      ['json', 'html'].map((ending) => sha256(readFileSync(at(`reports/monitor_${day}.${ending}`), 'utf8'))),
    ),
  );
});

test('the figures of the texts are the figures of the record', () => {
  for (const version of ['v1', 'v2'] as const)
    assert.deepEqual(json('models', version, 'metrics.json'), figures.life.versions[version]);
  for (const day of ['quiet', 'bad'] as const) {
    const report = json<Record<string, unknown>>(`reports/monitor_${day}.json`);
    for (const [key, value] of Object.entries(figures.life[day]))
      assert.deepEqual(report[key], value, `${day} ${key}`);
  }
  const decided = readings.get('decisions')!.lines.map(({ body }) => body.split(',')[1]);
  assert.deepEqual(decided, ['no', 'yes', 'promoted']);
  const pictures = readdirSync(at('reports/report_v2'));
  for (const [, file] of readFileSync(at('reports/report_v2.md'), 'utf8').matchAll(
    /!\[[^\]]+\]\(report_v2\/([^)]+)\)/g,
  ))
    assert.ok(pictures.includes(file!), file);
});
