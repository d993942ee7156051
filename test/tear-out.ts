/**
 * Tears chapters out of copies, and then types, lint, help and tests must pass: all of them, with every test and the whole life
 * after it; and about half of them at a time, with the tests of the chapters that stay, of the documents and of the API, since
 * those of the core have passed with all chapters and with none. Takes minutes, so `make prove` runs it and `make test` does not.
 * CHAPTER=name tears out one and runs every test.
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
/** With more that go by themselves there would be another half to run, which takes two minutes. */
const UNITS = 20;
const names = readdirSync(ALL, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const asked = process.env.CHAPTER;
for (const gone of asked ? [[asked]] : [[ALL], ...halves(names)]) {
  const folder = mkdtempSync(join(tmpdir(), 'clockwork-torn-'));
  copyRepository(folder);
  for (const name of gone) tearOut(folder, name);
  const start = performance.now();
  const isHalf = asked === undefined && gone[0] !== ALL;
  const tests = isHalf ? ['ONLY=chapters/*/test/*.test.ts test/docs/*.test.ts test/contract/*.test.ts'] : [];
  const verbs = ['check', 'help', 'test', ...(gone[0] === ALL ? ['all'] : [])];
  for (const verb of verbs) {
    const args = ['-s', verb, ...(verb === 'test' ? tests : [])];
    const { status, stdout, stderr } = spawnSync('make', args, {
      cwd: folder,
      env: plainEnvironment(),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (status === 0) continue;
    console.error(
      `✗ without ${gone.join(', ')}: make ${verb} fails\n${failures(stdout)}${stderr.slice(-3000)}`,
    );
    process.exit(1);
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`✓ without ${gone.join(', ')}: make ${verbs.join(', make ')} in ${seconds} s`);
  rmSync(folder, { recursive: true, force: true });
}

/**
 * The fewest sets of names in which of any two each is alone without the other somewhere: so every chapter is seen gone while
 * any other is there, but for the few that go as a pair. Each gets another set of the sets to be in, all of one size (Sperner 1928).
 */
function halves(all: readonly string[]): string[][] {
  const names = [...new Set(all.map((_, i) => i % UNITS))];
  const unit = (k: number) => all.filter((_, i) => i % UNITS === k);
  for (let sets = 2; ; sets++) {
    const size = Math.floor(sets / 2);
    const memberships = Array.from({ length: 1 << sets }, (_, bits) =>
      Array.from({ length: sets }, (_, set) => set).filter((set) => (bits >> set) & 1),
    ).filter(({ length }) => length === size);
    if (memberships.length < names.length) continue;
    return Array.from({ length: sets }, (_, set) =>
      names.filter((_, i) => memberships[i]!.includes(set)).flatMap(unit),
    );
  }
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
