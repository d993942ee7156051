/** make explore beside ydata-profiling, by make bench. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Parts } from '../../bench/any-table.ts';
import { dataProject } from '../../bench/data-table.ts';
import { plainEnvironment } from '../../bench/project-copy.ts';
import { note } from '../../bench/record.ts';
import { used } from '../../bench/used.ts';

const PYTHON = resolve('.venv-profile/bin/python');
/** As many rows as make explore draws for what it does not do with all. */
const SAMPLE = 100_000;

export const bench = (folder: string): Parts => ({
  explore() {
    const at = dataProject(folder, readFileSync('test/fixtures/config.yaml', 'utf8'));
    execFileSync('make', ['.make/config/config.mk'], { cwd: at, env: plainEnvironment(), stdio: 'pipe' });
    const ours = (csv: string) =>
      used(process.execPath, ['.make/programs/explore-table.mjs'], {
        cwd: at,
        env: { ...plainEnvironment(), CSV: csv },
      }).cpu;
    const theirs = (csv: string) =>
      existsSync(PYTHON)
        ? used(PYTHON, [
            resolve('bench/peers_data.py'),
            'profile',
            join(at, csv),
            String(SAMPLE),
            join(at, 'profile.html'),
          ]).cpu
        : null;
    const start = performance.now();
    const whole = ours('table.csv');
    const seconds = (performance.now() - start) / 1000;
    note('explore 1 M × 20: seconds', seconds, null, null, '< 10', seconds < 10);
    const lines = readFileSync(join(at, 'table.csv'), 'utf8').split('\n', SAMPLE + 1);
    writeFileSync(join(at, 'sample.csv'), `${lines.join('\n')}\n`);
    for (const [what, cpu, peer, goal] of [
      ['all of 1 M × 20, beside ydata-profiling of 100 k of the rows', whole, theirs('table.csv'), ''],
      ['the same 100 k × 20, beside ydata-profiling', ours('sample.csv'), theirs('sample.csv'), '≥ 10 ×'],
    ] as const)
      note(
        `explore ${what}: CPU s`,
        cpu,
        peer,
        peer === null ? null : peer / cpu,
        goal,
        goal === '' || peer === null ? null : peer / cpu >= 10,
      );
  },
});
