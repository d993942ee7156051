/** The commands of docs/walkthrough.md, as they stand there, in a project of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { plainEnvironment } from '../../bench/project-copy.ts';
import { temporaryProject } from '../support.ts';

const text = readFileSync('docs/walkthrough.md', 'utf8');
const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block!);
const chapters = ['dag', 'explain', 'experiments', 'report', 'slices'];

test('the walkthrough walks', { timeout: 300_000 }, (t) => {
  const gone = chapters.find((name) => !existsSync(`chapters/${name}`));
  if (gone !== undefined) return t.skip(`${gone} was torn out`);
  const project = temporaryProject();
  // As it is shipped, with its many rows.
  writeFileSync(project.path('config.yaml'), readFileSync('config.yaml'));
  project.set({ port: 0 });
  assert.ok(blocks.length >= 6);
  for (const block of blocks)
    for (const command of block.trim().split('\n')) {
      const { status, stdout, stderr } = spawnSync('bash', ['-ec', command], {
        cwd: project.folder,
        env: plainEnvironment(),
        encoding: 'utf8',
      });
      assert.equal(status, 0, `${command}\n${stdout.slice(-1500)}${stderr.slice(-1500)}`);
    }
  for (const page of ['index', 'monitor', 'experiments'])
    assert.ok(existsSync(project.path('reports', `${page}.html`)));
});
