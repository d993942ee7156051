/** A project goes on elsewhere from what was packed, and nothing that was not packed by one gets in. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { livedProject, temporaryFolder, temporaryProject, trainedProject } from '../../../test/support.ts';

test('what is packed is restored, audited, and trained on from there', () => {
  const here = trainedProject();
  assert.equal(here.make('promote', 'VERSION=v1', 'REASON=carried').status, 0);
  writeFileSync(here.path('models', '.train.lock.clockwork-tmp-1'), '');
  const packed = here.make('pack', 'OUT=state.tar.gz');
  assert.equal(packed.status, 0, packed.err);
  assert.equal(here.make('pack').status, 2);
  assert.equal(here.make('pack', 'OUT=models/state.tar.gz').status, 2);
  const there = temporaryProject();
  writeFileSync(there.path('state.tar.gz'), readFileSync(here.path('state.tar.gz')));
  const restored = there.make('restore');
  assert.match(restored.out, /restore +v1 from state\.tar\.gz; champion v1/, restored.err);
  assert.ok(!readdirSync(there.path('models')).some((name) => name.includes('clockwork-tmp')));
  assert.equal(there.make('audit').status, 0);
  assert.equal(there.make('smoke').status, 0);
  there.set({ max_depth: 4 });
  const trained = there.make('train');
  assert.match(trained.out, /train +v2 /, trained.err);
  assert.match(there.make('restore').err, /there are versions in models already/);
  assert.match(temporaryProject().make('restore').out, /nothing to restore: state\.tar\.gz is not there/);
  assert.equal(there.make('restore', 'FROM=gone.tar.gz').status, 2);
});

test('what was retrained goes on elsewhere: what production sent is left behind, and on record as that', () => {
  const here = livedProject();
  const versions = readdirSync(here.path('models')).filter((name) => /^v\d+$/.test(name));
  assert.ok(versions.includes('v2'));
  assert.equal(here.make('pack', 'OUT=state.tgz').status, 0);
  const there = temporaryProject();
  const restored = there.make('restore', `FROM=${here.path('state.tgz')}`);
  assert.match(restored.out, /champion v2; config\.yaml reads data v2, as it was trained/, restored.err);
  assert.match(readFileSync(there.path('config.yaml'), 'utf8'), /current_version: v2/);
  const audited = there.make('audit');
  assert.equal(audited.status, 0, audited.err);
  const left = readFileSync(there.path('data/production/dropped.csv'), 'utf8');
  assert.match(left, /,predictions\/[^,]+\.jsonl,,,,[0-9a-f]{32},/);
  assert.ok(!existsSync(there.path('data/production/predictions')));
  // Its chapter may be torn out.
  if (there.make('help').out.includes('make reproduce ')) {
    const reproduced = there.make('reproduce', 'VERSION=v2');
    assert.match(reproduced.out, /the same bytes/, reproduced.err);
  }
  // A data version that follows none says what it leaves out.
  there.configure(['current_version: v2', 'current_version: v9']);
  assert.match(
    there.make('prepare').out,
    /the labelled rows that v2 joined are not in it: .* the config names, v9/,
  );
  // What is missing besides is missed, and a line that was left behind excuses no other.
  rmSync(there.path('data/production/labelled_v2.csv'));
  assert.match(there.make('audit').err, /labelled_v2\.csv is recorded in .* and missing/);
});

test('where to and where from are said', () => {
  const project = temporaryProject();
  assert.match(project.make('pack', 'OUT=gone/state.tar.gz').err, /gone is no folder/);
  assert.ok(!existsSync(project.path('gone')));
  assert.match(project.make('pack', 'OUT=state.txt').err, /OUT=state\.txt {2}is written as \.tar\.gz/);
  writeFileSync(project.path('note.txt'), 'no archive');
  assert.match(project.make('restore', 'FROM=note.txt').err, /note\.txt {2}is no whole archive of make pack/);
});

test('an archive that holds anything else changes nothing', () => {
  const folder = temporaryFolder();
  const project = temporaryProject();
  const before = readdirSync(project.folder).sort();
  const archive = (fill: (at: string) => void, names: readonly string[], ...options: string[]) => {
    const at = join(folder, String(Math.random()));
    mkdirSync(join(at, 'models'), { recursive: true });
    fill(at);
    execFileSync('tar', ['-czf', project.path('evil.tar.gz'), '-C', at, ...options, ...names], {
      stdio: 'pipe',
    });
    return project.make('restore', 'FROM=evil.tar.gz');
  };
  const write = (name: string) => (at: string) => writeFileSync(join(at, name), 'x');
  const cases = [
    archive(write('Makefile'), ['Makefile', 'models']),
    archive(write('models/x'), ['models/x'], '--transform=s,models/x,models/../lib/x,', '-P'),
    archive(write('models/x'), ['models/x'], `--transform=s,models/x,${join(folder, 'evil')},`, '-P'),
    archive((at) => symlinkSync('/etc', join(at, 'models/out')), ['models']),
  ];
  for (const { status, err } of cases) {
    assert.notEqual(status, 0);
    assert.match(err, /evil\.tar\.gz {2}holds /);
    assert.doesNotMatch(err, /\n {4}at /);
  }
  assert.ok(!existsSync(join(folder, 'evil')));
  assert.deepEqual(
    readdirSync(project.folder)
      .filter((name) => name !== 'evil.tar.gz' && name !== 'models')
      .sort(),
    before.filter((name) => name !== 'models'),
  );
  // A model that is not the one on record.
  const trained = trainedProject();
  assert.equal(trained.make('pack', 'OUT=state.tar.gz').status, 0);
  const at = join(folder, 'changed');
  mkdirSync(at);
  execFileSync('tar', ['-xzf', trained.path('state.tar.gz'), '-C', at]);
  writeFileSync(
    join(at, 'models/v1/model.json'),
    readFileSync(join(at, 'models/v1/model.json'), 'utf8').replace('0.', '0.1'),
  );
  execFileSync('tar', ['-czf', project.path('changed.tar.gz'), '-C', at, ...readdirSync(at)]);
  const changed = project.make('restore', 'FROM=changed.tar.gz');
  assert.match(changed.err, /changed\.tar\.gz {2}is not whole: .*model\.json does not match/);
  assert.ok(!existsSync(project.path('models/v1')));
  writeFileSync(project.path('torn.tar.gz'), readFileSync(trained.path('state.tar.gz')).subarray(0, 3000));
  assert.match(
    project.make('restore', 'FROM=torn.tar.gz').err,
    /torn\.tar\.gz {2}is no whole archive of make pack/,
  );
});
