/** A shadow by make. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, logLines, threeVersions } from '../../../test/serving.ts';

const project = threeVersions();

test('a shadow answers every request, after it, in the log alone', async () => {
  assert.equal(project.make('start').status, 0);
  assert.match(project.make('shadow', 'VERSION=v3').out, /v3 shadows/);
  const requests = await load(project, 2);
  await requests.answered(100);
  const { models, ids } = await requests.stop();
  assert.deepEqual([...models.keys()], ['v1']);
  const wanted = new Set(ids);
  const shadowed = () =>
    new Set(
      logLines(project).flatMap((line) =>
        line.route === 'shadow' && wanted.has(line.of!) ? [line.of!] : [],
      ),
    );
  for (let i = 0; i < 100 && shadowed().size < wanted.size; i++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(shadowed().size, wanted.size);
  // Started anew, it goes on where it was.
  assert.equal(project.make('stop').status, 0);
  assert.equal(project.make('start').status, 0);
  const more = await load(project, 1);
  await more.answered(20);
  const { ids: later } = await more.stop();
  for (const id of later) wanted.add(id);
  for (let i = 0; i < 100 && shadowed().size < wanted.size; i++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(shadowed().size, wanted.size);
  const all = logLines(project).flatMap((line) => (line.route === 'shadow' ? [line.of!] : []));
  assert.equal(all.length, new Set(all).size, 'none twice');
  assert.ok(
    logLines(project)
      .filter(({ route }) => route === 'shadow')
      .every(({ model }) => model === 'v3'),
  );
  assert.match(project.make('shadow').err, /which version/);
  assert.match(project.make('shadow', 'VERSION=none').out, /the model answers alone/);
});
