/**
 * Rows of a topic predicted into another, beside the broker's own performance tools, which read as many rows and write as many events
 * and predict nothing: whole programs, each on one core, in turn.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { csvLine, readTable } from '../lib/files/csv.ts';
import { copyProject, plainEnvironment } from './project-copy.ts';
import { median, note, timed } from './record.ts';

const ROWS = 300_000;
const PAYLOADS = 10_000;
const RUNS = 3;
const BROKER = '127.0.0.1:19097';
const TOOLS = 'org.apache.kafka.tools';

export function kafka(folder: string, config: string): void {
  const missing = ['java', 'mvn', 'taskset'].find(
    (name) => spawnSync(name, ['--version']).error !== undefined,
  );
  if (missing !== undefined || !existsSync('chapters/kafka')) {
    console.log(`skipped: rows by Kafka, since ${missing ?? 'chapters/kafka'} is not here`);
    return;
  }
  const at = join(folder, 'kafka');
  mkdirSync(at);
  copyProject(at);
  const path = join(at, 'config.yaml');
  const configure = (group: string, rows: string) =>
    writeFileSync(
      path,
      config
        .replace('127.0.0.1:19092', BROKER)
        .replace('group: clockwork', `group: ${group}`)
        .replace('rows: clockwork.rows', `rows: ${rows}`),
    );
  const environment = plainEnvironment();
  const make = (...args: string[]) =>
    execFileSync('make', args, { cwd: at, env: environment, stdio: 'pipe' });
  configure('bench', 'bench.rows');
  make('prepare', 'train');
  make('promote', 'VERSION=v1', 'REASON=bench');
  make('broker');
  try {
    const rows = readTable(join(at, 'data/processed/v1_test.csv'));
    const names = Object.keys(rows[0]!);
    const write = (count: number) => {
      const lines = Array.from({ length: count }, (_, i) =>
        csvLine(
          names.map((name) => (name === 'UDI' ? String(1_000_000 + i) : rows[i % rows.length]![name]!)),
        ),
      );
      writeFileSync(join(at, 'rows.csv'), `${[csvLine(names), ...lines].join('\n')}\n`);
    };
    write(ROWS);
    make('produce', 'CSV=rows.csv');
    const onOneCore = (command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) => {
      const { status, stdout, stderr } = spawnSync('taskset', ['-c', '0', command, ...args], {
        cwd: at,
        env: { ...environment, ...more },
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}${stdout}`);
    };
    const consume = () =>
      onOneCore(process.execPath, ['.make/programs/kafka-consume.mjs'], { ROWS: String(ROWS) });

    execFileSync('mvn', [
      '-q',
      '-B',
      '-f',
      resolve('bench/kafka-tools/pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${at}/tools`,
      '-DincludeScope=runtime',
    ]);
    const java = (tool: string, ...args: string[]) =>
      onOneCore('java', ['-Xmx512m', '-cp', `${at}/tools/*`, `${TOOLS}.${tool}`, ...args]);

    // What they write is what we write: events of rows that were predicted, to a topic like ours.
    configure('payload', 'bench.rows');
    onOneCore(process.execPath, ['.make/programs/kafka-consume.mjs'], { ROWS: String(PAYLOADS) });
    make('land');
    const logs = join(at, 'data/production/predictions');
    const events = readdirSync(logs)
      .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'))
      .filter((line) => line.includes('"route":"champion"'))
      .map((line) => line.replace(/,"chain":"[0-9a-f]+"/, ''));
    writeFileSync(join(at, 'events.txt'), `${events.join('\n')}\n`);
    write(1);
    configure('bench', 'bench.out');
    make('produce', 'CSV=rows.csv');

    const ours: number[] = [];
    const reading: number[] = [];
    const writing: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      configure(`ours-${i}`, 'bench.rows');
      ours.push(timed(consume));
      const from = ['--bootstrap-server', BROKER, '--topic', 'bench.rows', '--group', `theirs-${i}`];
      reading.push(timed(() => java('ConsumerPerformance', ...from, '--num-records', String(ROWS))));
      const to = ['--bootstrap-server', BROKER, '--topic', 'bench.out', '--throughput', '-1'];
      const what = ['--num-records', String(ROWS), '--payload-file', `${at}/events.txt`];
      writing.push(
        timed(() => java('ProducerPerformance', ...to, ...what, '--command-property', 'acks=all')),
      );
    }
    const perSecond = ROWS / median(ours);
    const theirs = ROWS / (median(reading) + median(writing));
    const ratio = perSecond / theirs;
    note(
      'rows of a topic predicted into another, a second, on one core; beside the perf tools of Kafka',
      perSecond,
      theirs,
      ratio,
      '≥ .5 ×',
      ratio >= 0.5,
    );
  } finally {
    make('broker', 'STOP=yes');
  }
}
