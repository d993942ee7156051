/**
 * The figures that README.md and REPORT.md quote: one whole life on the real AI4I file in an empty folder, step by step,
 * and the lines of the last benchmark. Writes bench/figures.json; a test holds the texts against it.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { editConfig } from '../lib/config/edit.ts';
import { failed } from '../lib/fault.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { run } from '../lib/terminal.ts';
import type { MonitorReport } from '../lib/watch/monitor.ts';
import { copyProject, plainEnvironment } from './project-copy.ts';
import { type Line, lastLines } from './record.ts';

run(() => {
  const real = process.env.AI4I ?? resolve('..', 'shared', 'data', 'ai4i2020.csv');
  if (!existsSync(real)) throw failed(`${real} is missing: AI4I=path names the real file`);
  const folder = mkdtempSync(join(tmpdir(), 'clockwork-figures-'));
  try {
    const life = liveOnce(folder, real);
    const bench = lastLines();
    writeAtomic('bench/figures.json', `${JSON.stringify({ life, bench }, null, 2)}\n`);
    const report = readFileSync('REPORT.md', 'utf8');
    writeAtomic(
      'REPORT.md',
      report.replace(
        /<!-- bench -->[\s\S]*<!-- \/bench -->/,
        `<!-- bench -->\n${benchTable(bench)}\n<!-- /bench -->`,
      ),
    );
    console.log('bench/figures.json · the table in REPORT.md');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function liveOnce(folder: string, real: string) {
  copyProject(folder);
  cpSync(real, join(folder, 'data/raw/ai4i2020.csv'));
  const config = editConfig(readFileSync('test/fixtures/config.yaml', 'utf8'), {
    'data.source': 'file',
    'deployment.port': 0,
  });
  writeFileSync(join(folder, 'config.yaml'), config);
  const env = plainEnvironment();
  const make = (...verbs: string[]) => execFileSync('make', verbs, { cwd: folder, env, encoding: 'utf8' });
  const read = <T>(...path: string[]) => JSON.parse(readFileSync(join(folder, ...path), 'utf8')) as T;

  const start = performance.now();
  make('prepare', 'train', 'gate', 'start', 'smoke');
  const day = (name: string) => {
    make('replay', 'monitor', `DAY=${name}`);
    const report = read<MonitorReport>('reports', 'monitor.json');
    const said = make('retrain');
    const { window, labels, error_rate, metrics, harm, drift, refused, latency_ms } = report;
    return {
      window,
      labels,
      error_rate,
      metrics,
      harm,
      refused,
      latency_ms,
      drift: drift.map(({ name, psi, psi_limit, ks, verdict }) => ({ name, psi, psi_limit, ks, verdict })),
      said: said.trim().split('\n'),
    };
  };
  const quiet = day('quiet');
  const bad = day('bad');
  make('stop');
  const audit = make('audit').trim();
  const seconds = (performance.now() - start) / 1000;
  const versions = Object.fromEntries(
    ['v1', 'v2'].map((version) => [version, read<object>('models', version, 'metrics.json')]),
  );
  const reproduce = make('reproduce', 'VERSION=v1').trim();
  return { seconds, versions, quiet, bad, audit, reproduce };
}

function benchTable(lines: readonly Line[]): string {
  const number = (x: number | null) => {
    if (x === null) return '–';
    return x >= 1000 ? Math.round(x).toLocaleString('en-US') : x.toFixed(x >= 100 ? 0 : 3);
  };
  const met = { true: 'yes', false: '**no**', null: '' };
  const rows = lines.map(({ what, ours, theirs, ratio, goal, met: is }) =>
    [
      what,
      number(ours),
      number(theirs),
      ratio === null ? '' : `${ratio.toFixed(2)}×`,
      goal,
      met[String(is) as 'true'],
    ].join(' | '),
  );
  return [
    '| | ours | theirs | ratio | goal | met |',
    '| --- | ---: | ---: | ---: | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}
