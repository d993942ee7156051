/** Rows from several files: every format gives the same rows, joins are what was declared, and what comes later is taken in once. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { plainEnvironment } from '../../../bench/project-copy.ts';
import { chapters } from '../../../lib/door.ts';
import { readTable as readCsv } from '../../../lib/files/csv.ts';
import { loadProject } from '../../../lib/project.ts';
import { temporaryFolder, temporaryProject } from '../../../test/support.ts';
import { bringRaw } from '../bring.ts';
import { compose, type Lookup } from '../compose.ts';
import { readTable } from '../readers.ts';
import type { SourcesSettings, SourceTable } from '../settings.ts';

const ROWS = [
  ['id', 'name', 'x'],
  ['1', 'Zoë, "the first"', '1.5'],
  ['2', '', '-3'],
  ['3', 'Ωμέγα', ''],
];

const TABLE: SourceTable = { path: 'x', missing: [], columns: {}, ignored: [], rename: {} };

async function readAll(path: string, table: Partial<SourceTable> = {}): Promise<string[][]> {
  const read: string[][] = [];
  await readTable(
    path,
    { ...TABLE, ...table },
    { header: (names) => read.push([...names]), row: (cells) => read.push([...cells]) },
    `${path}.plain`,
  );
  return read;
}

function csvOf(separator: string, end = '\n'): string {
  return (
    ROWS.map((row) =>
      row.map((cell) => (/["\n,;]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(separator),
    ).join(end) + end
  );
}

test('every way of writing a table gives the same rows', async () => {
  const folder = temporaryFolder();
  const write = (name: string, bytes: string | Uint8Array) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le');
  const ndjson = ROWS.slice(1)
    .map(([id, name, x]) =>
      JSON.stringify({ id: Number(id), name: name === '' ? null : name, x: x === '' ? null : Number(x) }),
    )
    .join('\n');
  const files: [string, Partial<SourceTable>][] = [
    [write('a.csv', csvOf(',')), {}],
    [write('bom.csv', `\uFEFF${csvOf(',', '\r\n')}`), {}],
    [write('semicolon.csv', csvOf(';')), { separator: ';' }],
    [write('a.tsv', csvOf('\t')), {}],
    [write('a.csv.gz', gzipSync(csvOf(','))), {}],
    [write('utf16.csv', utf16(csvOf(','))), {}],
    [write('utf16be.csv', utf16(csvOf(',')).swap16()), {}],
    [write('utf16.csv.gz', gzipSync(utf16(csvOf(',')))), {}],
    [write('a.ndjson', `${ndjson}\n`), {}],
    [write('a.jsonl.gz', gzipSync(`\uFEFF${ndjson}`)), {}],
    [write('named-otherwise', csvOf(',')), { format: 'csv' }],
  ];
  for (const [path, table] of files) assert.deepEqual(await readAll(path, table), ROWS, path);
  const western = write('western.csv', Buffer.from('id,name\n1,Zo\xeb\n', 'latin1'));
  assert.deepEqual((await readAll(western, { encoding: 'windows-1252' }))[1], ['1', 'Zoë']);
  await assert.rejects(readAll(western), /is not a CSV text in UTF-8/);
});

test('files that are not what they say are refused by their name and place', async () => {
  const folder = temporaryFolder();
  const cases: [string, string | Uint8Array, RegExp][] = [
    ['a.gz', 'x', /does not say by its name what it is/],
    ['bad.csv.gz', 'no gzip', /bad\.csv\.gz {2}is no gzip file/],
    ['cut.csv.gz', gzipSync(csvOf(',')).subarray(0, 30), /is no gzip file/],
    ['wide.csv', 'a,b\n1,2\n1,2,3\n', /wide\.csv:3 {2}has 3 fields where the header has 2/],
    ['empty.csv', '', /is empty/],
    ['list.ndjson', '[1]\n', /list\.ndjson:1 {2}is no object/],
    ['half.ndjson', '{"a":1}\n{"a":', /half\.ndjson:2 {2}is no JSON/],
    ['other.ndjson', '{"a":1}\n{"b":2}\n', /other\.ndjson:2 {2}has "b", which the first row has not/],
    ['deep.ndjson', '{"a":{"b":1}}\n', /"a" {2}is a list or an object/],
    ['odd.csv', Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x41]), /is not a text in utf-16le/],
  ];
  for (const [name, bytes, said] of cases) {
    writeFileSync(join(folder, name), bytes);
    await assert.rejects(readAll(join(folder, name)), said, name);
  }
  await assert.rejects(readAll(join(folder, 'nowhere.csv')), /nowhere\.csv/);
});

test('a join is what brute force gives, and every row is counted once', async () => {
  const folder = temporaryFolder();
  const key = fc.integer({ min: 0, max: 6 }).map(String);
  const property = fc.asyncProperty(
    fc.array(fc.tuple(key, fc.string({ maxLength: 3, unit: 'grapheme-ascii' })), {
      minLength: 1,
      maxLength: 20,
    }),
    fc.uniqueArray(key, { maxLength: 7 }),
    fc.constantFrom('quarantine' as const, 'keep' as const),
    async (base, right, unmatched) => {
      const path = join(folder, 'base.ndjson');
      writeFileSync(path, base.map(([k, v]) => JSON.stringify({ k, v: v.trim() })).join('\n'));
      const lookup: Lookup = {
        join: { table: 'right', on: ['k'], kind: 'many_to_one', unmatched },
        names: ['k', 'w'],
        rows: new Map(right.map((k) => [k, [k, `w${k}`]])),
        files: [],
      };
      const settings = {
        base: 'base',
        joins: [lookup.join],
        tables: { base: { ...TABLE, columns: { k: 'text', v: 'text' } } },
      } as unknown as SourcesSettings;
      const rows: string[][] = [];
      let aside = 0;
      const composed = await compose(
        settings,
        [{ name: path, path, sha256: '' }],
        [lookup],
        ['w', 'v', 'k'],
        `${path}.plain`,
        (cells) => rows.push([...cells]),
        () => aside++,
      );
      const expected = base.flatMap(([k, v]) =>
        right.includes(k) ? [[`w${k}`, v.trim(), k]] : unmatched === 'keep' ? [['', v.trim(), k]] : [],
      );
      assert.deepEqual(rows, expected);
      assert.equal(composed.rowsIn, base.length);
      assert.equal(composed.rowsOut + aside, base.length);
      const { matched, unmatched: lost } = composed.joins[0]!;
      assert.equal(matched + lost, base.length);
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

/** The simulated table, cut into machines and readings in three ways of writing. */
function sourcesProject() {
  const project = temporaryProject();
  assert.equal(project.make('raw').status, 0);
  const rows = readCsv(project.path('data/raw/ai4i2020.csv'));
  const types = [...new Set(rows.map(({ Type }) => Type))];
  mkdirSync(project.path('data/incoming/readings'), { recursive: true });
  const readings = (from: number, to: number) =>
    rows
      .slice(from, to)
      .map(({ Type, 'Product ID': product, UDI, ...rest }) => ({ udi: Number(UDI), product, ...rest }));
  writeFileSync(
    project.path('data/incoming/readings/2026-01.ndjson.gz'),
    gzipSync(
      readings(0, 2000)
        .map((row) => JSON.stringify(row))
        .join('\n'),
    ),
  );
  const products = rows.map(({ 'Product ID': product, Type }) => `${product};${types.indexOf(Type)}`);
  writeFileSync(
    project.path('data/incoming/products.csv'),
    `product;kind\n${products.slice(0, 2990).join('\n')}\n`,
  );
  writeFileSync(
    project.path('data/incoming/kinds.tsv'),
    `kind\tType\tnote\n${types.map((Type, i) => `${i}\t${Type}\tx`).join('\n')}\n`,
  );
  const numbers = [
    'Air temperature [K]',
    'Process temperature [K]',
    'Rotational speed [rpm]',
    'Torque [Nm]',
    'Tool wear [min]',
  ];
  const flags = ['Machine failure', 'TWF', 'HDF', 'PWF', 'OSF', 'RNF'];
  const declared = [
    ...numbers.map((name) => `"${name}": number`),
    ...flags.map((name) => `${name}: text`),
  ].join(', ');
  project.configure(
    ['source: simulated', 'source: sources'],
    ['raw_path: data/raw/ai4i2020.csv', 'raw_path: data/raw/joined.csv'],
    ['base: ""', 'base: readings'],
    [
      'tables: {}',
      `tables:
      readings:
        path: data/incoming/readings
        columns: { udi: integer, product: text, ${declared} }
        rename: { udi: UDI, product: Product ID }
        key: [udi]
      products: { path: data/incoming/products.csv, separator: ";", columns: { product: text, kind: text }, rename: { product: Product ID } }
      kinds: { path: data/incoming/kinds.tsv, columns: { kind: text, Type: text }, ignored: [note] }`,
    ],
    [
      'joins: []',
      `joins:
      - { table: products, on: [Product ID], kind: one_to_one, unmatched: quarantine }
      - { table: kinds, on: [kind], kind: many_to_one, unmatched: stop }`,
    ],
  );
  project.set({ train_rows: 1500 });
  return { project, rows, readings };
}

test('several files become one table, and each new one an increment, once', () => {
  const { project, rows, readings } = sourcesProject();
  const made = project.make('raw');
  assert.equal(made.status, 0, made.err);
  assert.match(made.out, /raw +data\/raw\/joined\.csv +2,000 of 2,000 rows in 1 file/);
  assert.deepEqual(readCsv(project.path('data/raw/joined.csv')), rows.slice(0, 2000));
  assert.match(project.make('raw').out, /up to date/);
  assert.equal(project.make('prepare').status, 0);
  const manifest = project.read('manifest.txt');
  for (const line of [
    /version=source path=data\/incoming\/readings\/2026-01\.ndjson\.gz .*rows=2000 .*table=readings/,
    /version=join path=data\/incoming\/products\.csv .*rows=2000 .*table=products.*unmatched=quarantine:0/,
    /version=raw path=data\/raw\/joined\.csv .*inputs=\S*kinds\.tsv@.* rows_in=2000/,
  ])
    assert.match(manifest, line);

  assert.match(project.make('ingest').out, /up to date: no file is new/);
  writeFileSync(
    project.path('data/incoming/readings/2026-02.ndjson'),
    readings(2000, 3000)
      .map((row) => JSON.stringify(row))
      .join('\n'),
  );
  const ingested = project.make('ingest');
  assert.equal(ingested.status, 0, ingested.err);
  assert.match(
    ingested.out,
    /2026-02\.ndjson {2}990 of 1,000 rows: data\/raw\/increments\/0001\.csv, 10 set aside/,
  );
  assert.match(project.make('ingest').out, /up to date/);
  assert.match(project.make('prepare').out, /up to date/, 'a version that is made stays what it is');
  assert.match(project.make('raw').out, /up to date/);
  const second = project.make('prepare', 'VERSION=v2');
  assert.equal(second.status, 0, second.err);
  assert.match(second.out, /1,500 train · 1,490 production/);

  // What has no rows, and what is there twice, is no increment.
  for (const name of ['2026-03', '2026-04'])
    writeFileSync(
      project.path(`data/incoming/readings/${name}.csv`),
      `${['udi', 'product', ...Object.keys(readings(0, 1)[0]!).slice(2)].join(',')}\n`,
    );
  const more = readings(0, 3).map((row) => JSON.stringify({ ...row, udi: row.udi + 50_000 }));
  for (const name of ['2026-05', '2026-06'])
    writeFileSync(project.path(`data/incoming/readings/${name}.ndjson`), more.join('\n'));
  const odd = project.make('ingest');
  assert.equal(odd.status, 0, odd.err);
  assert.match(odd.out, /2026-03\.csv {2}has no row to take in\n/);
  assert.match(odd.out, /2026-04\.csv {2}is another file to the byte: passed over\n/);
  assert.match(
    odd.out,
    /2026-05\.ndjson {2}3 of 3 rows: data\/raw\/increments\/0002\.csv\n.*2026-06\.ndjson {2}is another file to the byte/,
  );
  for (const name of ['2026-03.csv', '2026-04.csv', '2026-06.ndjson'])
    rmSync(project.path(`data/incoming/readings/${name}`));
  assert.equal(project.make('prepare', 'VERSION=v3').status, 0);

  const lineage = project.make('lineage');
  assert.equal(lineage.status, 0, lineage.err);
  assert.match(
    project.read('reports/lineage.txt'),
    /Type \(input\)\n +from kinds\.Type, data\/incoming\/kinds\.tsv\n +to +Type/,
  );
  assert.match(
    project.read('reports/lineage.txt'),
    /Torque \[Nm\] \(input\)\n +from readings\.Torque \[Nm\], data\/incoming\/readings\/2026-01\.ndjson\.gz, data\/incoming\/readings\/2026-02\.ndjson, data\/incoming\/readings\/2026-05\.ndjson\n +to +Torque \[Nm\], Power \[W\], Wear x torque/,
  );
  assert.match(project.read('reports/lineage.svg'), /<svg/);
  assert.equal(project.make('audit').status, 0);

  writeFileSync(
    project.path('data/incoming/readings/2026-02.ndjson'),
    readings(2000, 2010)
      .map((row) => JSON.stringify(row))
      .join('\n'),
  );
  assert.match(project.make('ingest').err, /2026-02\.ndjson was taken in with other content/);
});

test('what was not declared, or is not as declared, is refused by its file and place', async () => {
  const { project, readings } = sourcesProject();
  const refused = async (change: () => void, said: RegExp) => {
    const before = ['config.yaml', 'data/incoming/products.csv', 'data/incoming/kinds.tsv'].map(
      (name) => [name, readFileSync(project.path(name))] as const,
    );
    change();
    await assert.rejects(async () => bringRaw(loadProject(chapters, project.path('config.yaml'))), said);
    for (const [name, bytes] of before) writeFileSync(project.path(name), bytes);
  };
  const append = (name: string, text: string) => writeFileSync(project.path(name), project.read(name) + text);
  const [first] = readings(0, 1);
  await refused(
    () => append('data/incoming/products.csv', `${first!.product};1\n`),
    /products\.csv:2992 {2}Product ID \S+ is there twice in products: which row is meant\?/,
  );
  await refused(() => append('data/incoming/kinds.tsv', '\tL\tx\n'), /kinds\.tsv:5 {2}kind is empty/);
  await refused(
    () => writeFileSync(project.path('data/incoming/kinds.tsv'), 'kind\tType\tnote\n0\tM\tx\n'),
    /is not in kinds/,
  );
  await refused(
    () => project.configure([', ignored: [note]', '']),
    /kinds\.tsv {2}column "note" is not declared/,
  );
  await refused(
    () => project.configure(['columns: { kind: text, Type: text }', 'columns: { kind: text, Tipe: text }']),
    /no table has the column "Type" of the schema/,
  );
  await refused(
    () => project.configure(['on: [kind]', 'on: [king]']),
    /"king" is not a column of both sides/,
  );
  await refused(
    () => project.configure(['base: readings', 'base: reading']),
    /"reading" is no table .*did you mean readings/,
  );
  await refused(
    () => project.configure(['path: data/incoming/kinds.tsv', 'path: data/incoming/gone.tsv']),
    /gone\.tsv {2}is missing: table kinds/,
  );
  await refused(
    () => project.configure(['source: sources', 'source: source']),
    /data\.source: expected one of .*did you mean sources/,
  );
  await refused(
    () =>
      project.configure([
        'path: data/incoming/kinds.tsv',
        `path: data/incoming/kinds.tsv, url: "https://127.0.0.1:1/x", sha256: "${'0'.repeat(64)}"`,
      ]),
    /kinds\.tsv has sha256 .*, not the 0000/,
  );
  rmSync(project.path('data/incoming/kinds.tsv'));
  project.configure([
    'path: data/incoming/kinds.tsv',
    `path: data/incoming/kinds.tsv, url: "https://127.0.0.1:1/x", sha256: "${'0'.repeat(64)}"`,
  ]);
  const { status, err } = project.make('raw');
  assert.notEqual(status, 0);
  assert.match(err, /^cannot fetch https:\/\/127\.0\.0\.1:1\/x.*\n/);
  assert.doesNotMatch(err, /\n {4}at /);
});

test('a file by https is taken in where its server is vouched for, and every byte is as declared', async () => {
  const { project } = sourcesProject();
  const kept = project.path('data/incoming/kinds.tsv');
  const bytes = readFileSync(kept);
  // Of localhost, signed by itself, for tests alone.
  const pem = resolve('chapters/sources/test/localhost.pem');
  const server = createServer({ key: readFileSync(pem), cert: readFileSync(pem) }, ({ url }, response) => {
    const { port } = server.address() as AddressInfo;
    if (url === '/kinds.tsv') response.end(bytes);
    else if (url === '/moved') response.writeHead(302, { location: '/kinds.tsv' }).end();
    else if (url === '/open') response.writeHead(302, { location: `http://localhost:${port}/` }).end();
    else if (url === '/cut')
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 9), () => {
        response.destroy();
      });
    else response.writeHead(404).end();
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const config = project.read('config.yaml');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const asked = (path: string, declared: string) => {
    rmSync(kept, { force: true });
    const where = `path: data/incoming/kinds.tsv, url: "https://localhost:${port}${path}", sha256: "${declared}"`;
    return config.replace('path: data/incoming/kinds.tsv', where);
  };
  /** What each config is told, by one program that trusts the certificate, or does not. */
  const take = async (configs: readonly string[], vouched: boolean): Promise<(string | null)[]> => {
    for (const [i, text] of configs.entries()) writeFileSync(project.path(`config${i}.yaml`), text);
    writeFileSync(
      project.path('take.ts'),
      `import { chapters } from './lib/door.ts';
import { loadProject } from './lib/project.ts';
import { bringRaw } from './chapters/sources/bring.ts';
async function all() {
  const said = [];
  for (let i = 0; i < ${configs.length}; i++)
    said.push(await bringRaw(loadProject(chapters, \`config\${i}.yaml\`)).then(() => null, (error) => error.message));
  console.log(JSON.stringify(said));
}
void all();`,
    );
    const env = { ...plainEnvironment(), ...(vouched ? { NODE_EXTRA_CA_CERTS: pem } : {}) };
    const program = spawn(process.execPath, ['--import', 'tsx', 'take.ts'], {
      cwd: project.folder,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    program.stdout.on('data', (piece) => (out += piece));
    await once(program, 'close');
    return JSON.parse(out.trim().split('\n').at(-1)!) as (string | null)[];
  };
  const cases = [
    ['/kinds.tsv', '0'.repeat(64), new RegExp(`kinds\\.tsv has sha256 ${sha256}, not the 0{64}`)],
    ['/nothing', sha256, /cannot fetch https:.*\/nothing: HTTP 404/],
    ['/open', sha256, /cannot fetch https:.*\/open/],
    ['/cut', sha256, /cannot fetch https:.*\/cut/],
  ] as const;
  const [stranger] = await take([asked('/kinds.tsv', sha256)], false);
  assert.match(stranger!, /cannot fetch https:.*self.signed certificate/);
  const said = await take(
    cases.map(([path, declared]) => asked(path, declared)),
    true,
  );
  for (const [i, [, , why]] of cases.entries()) assert.match(said[i]!, why);
  assert.deepEqual(
    readdirSync(project.path('data/incoming')).sort(),
    ['products.csv', 'readings'],
    'nothing is left',
  );
  assert.deepEqual(await take([asked('/moved', sha256)], true), [null]);
  assert.deepEqual(readFileSync(kept), bytes);
});

test('Parquet and xlsx give the rows that they hold', async (t) => {
  const installed = spawnSync('make', ['.make/packages/sources/node_modules/.package-lock.json'], {
    encoding: 'utf8',
  });
  if (installed.status !== 0) return t.skip('the readers cannot be installed here');
  const expected = [
    ['id', 'name', 'x', 'when'],
    ['1', 'Zoë', '1.5', '2026-01-02T03:04:05.000Z'],
    ['2', '', '', ''],
  ];
  for (const name of ['two.parquet', 'two.xlsx']) {
    const read = await readAll(`chapters/sources/test/${name}`);
    assert.deepEqual(read, expected, name);
  }
  const folder = temporaryFolder();
  for (const name of ['no.parquet', 'no.xlsx']) {
    writeFileSync(join(folder, name), 'nothing of the kind');
    await assert.rejects(
      readAll(join(folder, name)),
      new RegExp(`${name.replace('.', '\\.')} {2}cannot be read as`),
    );
  }
});
