/** make explore beside ydata-profiling, by make bench. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Parts } from '../../bench/any-table.ts';
import { dataProject } from '../../bench/data-table.ts';
import { plainEnvironment } from '../../bench/project-copy.ts';
import { note } from '../../bench/record.ts';
import { used } from '../../bench/used.ts';

const PYTHON = resolve('.venv-profile/bin/python');
/** As many rows as make explore draws for what it does not do with all. */
const SAMPLE = '100000';

export const bench = (folder: string): Parts => ({
  explore() {
    const at = dataProject(folder, readFileSync('test/fixtures/config.yaml', 'utf8'));
    execFileSync('make', ['.make/config/config.mk'], { cwd: at, env: plainEnvironment(), stdio: 'pipe' });
    const start = performance.now();
    const { cpu } = used(process.execPath, ['.make/programs/explore-table.mjs'], {
      cwd: at,
      env: { ...plainEnvironment(), CSV: 'table.csv' },
    });
    const seconds = (performance.now() - start) / 1000;
    const theirs = existsSync(PYTHON)
      ? used(PYTHON, [
          resolve('bench/peers_data.py'),
          'profile',
          join(at, 'table.csv'),
          SAMPLE,
          join(at, 'profile.html'),
        ]).cpu
      : null;
    note('explore 1 M × 20: seconds', seconds, null, null, '< 10', seconds < 10);
    note(
      'explore 1 M × 20: CPU s, beside ydata-profiling of 100 k of the rows',
      cpu,
      theirs,
      theirs === null ? null : theirs / cpu,
      '≥ 10 ×',
      theirs === null ? null : theirs / cpu >= 10,
    );
  },
});
