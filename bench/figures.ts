/**
 * One whole life on the real AI4I file in an empty folder, by make. Leaves its record in docs/life, its figures and those of
 * the last benchmark in bench/figures.json, and writes them into the texts: REPORT.md, BENCH.md and README.md.
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
import { lastLines } from './record.ts';
import { benchTable, type Figures, filled, replaced, wordsOf } from './words.ts';

const RECORD = 'docs/life';
/** What a reader needs to check the rest: ledgers, what they anchor, and what was seen. */
const KEPT = [
  'manifest.txt',
  'deployment_log.csv',
  'models/model_metadata.log',
  'models/decisions.csv',
  'models/monitor_history.jsonl',
  'models/alerts.jsonl',
  ...['v1', 'v2'].flatMap((version) =>
    ['metadata.json', 'metrics.json', 'config.yaml'].map((name) => `models/${version}/${name}`),
  ),
  'reports/report_v2.html',
  'reports/report_v2.md',
  'reports/report_v2',
  'reports/model_card_v2.md',
  'reports/audit.json',
  'reports/dag.svg',
  'reports/experiments.html',
  'models/runs.jsonl',
];

run(() => {
  const real = process.env.AI4I || resolve('..', 'shared', 'data', 'ai4i2020.csv');
  if (!existsSync(real)) throw failed(`${real} is missing: AI4I=path names the real file`);
  const folder = mkdtempSync(join(tmpdir(), 'clockwork-figures-'));
  try {
    rmSync(RECORD, { recursive: true, force: true });
    const life = liveOnce(folder, real);
    for (const path of KEPT)
      if (existsSync(join(folder, path))) cpSync(join(folder, path), join(RECORD, path), { recursive: true });
    writeTexts({ life, bench: lastLines() });
    console.log(`bench/figures.json · ${RECORD} · REPORT.md · BENCH.md · README.md · docs/questions.md`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function writeTexts(figures: Figures): void {
  const words = wordsOf(figures);
  const text = (path: string) => readFileSync(path, 'utf8');
  writeAtomic('bench/figures.json', `${JSON.stringify(figures, null, 2)}\n`);
  writeAtomic('REPORT.md', filled(text('bench/report-template.md'), words));
  writeAtomic('docs/questions.md', filled(text('bench/questions-template.md'), words));
  writeAtomic('BENCH.md', replaced(text('BENCH.md'), 'bench', benchTable(figures.bench)));
  const said = `\`\`\`\n$ make all\n${words.said}\n\`\`\``;
  const reached = filled(text('bench/reached-template.md'), words).trim();
  writeAtomic('README.md', replaced(replaced(text('README.md'), 'life', said), 'reached', reached));
}

function liveOnce(folder: string, real: string): Figures['life'] {
  copyProject(folder);
  cpSync(real, join(folder, 'data/raw/ai4i2020.csv'));
  const config = editConfig(readFileSync('test/fixtures/config.yaml', 'utf8'), {
    'data.source': 'file',
    'deployment.port': 0,
  });
  writeFileSync(join(folder, 'config.yaml'), config);
  const said: string[] = [];
  const make = (...verbs: string[]) => {
    const out = execFileSync('make', verbs, { cwd: folder, env: plainEnvironment(), encoding: 'utf8' });
    said.push(...out.trim().split('\n'));
    return out.trim();
  };
  const read = <T>(...path: string[]) => JSON.parse(readFileSync(join(folder, ...path), 'utf8')) as T;

  const start = performance.now();
  make('prepare', 'train', 'gate', 'start', 'smoke');
  const day = (name: string) => {
    make('replay', 'monitor', `DAY=${name}`);
    for (const ending of ['json', 'html'])
      cpSync(join(folder, `reports/monitor.${ending}`), join(RECORD, `reports/monitor_${name}.${ending}`));
    const { error_rate, harm, drift, metrics } = read<MonitorReport>('reports', 'monitor.json');
    make('retrain');
    return { error_rate, harm, drift, metrics };
  };
  const quiet = day('quiet');
  const bad = day('bad');
  make('stop', 'audit');
  const seconds = (performance.now() - start) / 1000;
  const lived = [...said];
  make('report', 'VERSION=v2');
  make('dag');
  make('experiments');
  const versions = {
    v1: read<Figures['life']['versions']['v1']>('models/v1/metrics.json'),
    v2: read<Figures['life']['versions']['v2']>('models/v2/metrics.json'),
  };
  return { seconds, versions, quiet, bad, said: lived, reproduce: make('reproduce', 'VERSION=v1') };
}
