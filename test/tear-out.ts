/**
 * Tears all chapters out of a copy: types, lint, help, every test and the whole life must pass. Then each alone: types, lint
 * and the tests of the house, which no life of a model by make adds to. Takes minutes, so `make prove` runs it and `make test`
 * does not. CHAPTER=name tears out one.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainEnvironment } from '../bench/project-copy.ts';

const ALL = 'chapters';
const names = readdirSync('chapters', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const asked = process.env.CHAPTER;
/** These start from no project that was made before. */
const HOUSE = 'ONLY=test/docs/*.test.ts test/lib/*.test.ts test/contract/*.test.ts';
for (const name of asked ? [asked] : [ALL, ...names]) {
  const folder = mkdtempSync(join(tmpdir(), `clockwork-without-${name}-`));
  copyRepository(folder);
  tearOut(folder, name);
  const start = performance.now();
  const verbs =
    name === ALL
      ? [['check'], ['help'], ['test'], ['all']]
      : [['check'], ['test', HOUSE, '--assume-old=.make/test-project/made']];
  for (const verb of verbs) {
    const { status, stdout, stderr } = spawnSync('make', ['-s', ...verb], {
      cwd: folder,
      env: plainEnvironment(),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (status === 0) continue;
    console.error(`✗ without ${name}: make ${verb} fails\n${failures(stdout)}${stderr.slice(-3000)}`);
    process.exit(1);
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`✓ without ${name}: make ${verbs.map(([verb]) => verb).join(', make ')} in ${seconds} s`);
  rmSync(folder, { recursive: true, force: true });
}

/** What git would have, in an empty folder, as it is here. */
function copyRepository(folder: string): void {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  for (const file of new Set(files.split('\0').filter(Boolean)))
    cpSync(file, join(folder, file), { recursive: true, preserveTimestamps: true });
  cpSync('test/fixtures/config.yaml', join(folder, 'config.yaml'));
  symlinkSync(realpathSync('node_modules'), join(folder, 'node_modules'));
  utimesSync(join(folder, 'package-lock.json'), 0, 0);
}

/** What a person does: removes the folder and its line. */
function tearOut(folder: string, name: string): void {
  rmSync(name === ALL ? join(folder, ALL) : join(folder, ALL, name), { recursive: true });
  if (name === ALL) return;
  const index = join(folder, 'chapters/index.ts');
  const lines = readFileSync(index, 'utf8').split('\n');
  writeFileSync(index, lines.filter((line) => !line.includes(`'./${name}/`)).join('\n'));
}

/** What failed, of what the tests said; all of what anything else did. */
function failures(said: string): string {
  const failed = said.match(/^not ok [\s\S]*?^ {2}\.\.\.$/gm);
  return failed === null ? said.slice(-5000) : `${failed.join('\n')}\n`;
}
