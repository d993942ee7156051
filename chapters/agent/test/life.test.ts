/** The agent by make: what the monitoring of a life means. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { livedProject } from '../../../test/support.ts';

test('make agent says what the last reports mean, and writes the plan', () => {
  const project = livedProject();
  const planned = project.make('agent', 'OUT=artifacts/agent_plan.yaml');
  assert.match(planned.out, /^agent {6}(healthy|inconclusive|warn|critical): /m, planned.err);
  assert.match(project.read('artifacts/agent_plan.yaml'), /^status: \w+\nfindings:\n {2}- points: \d/);
  // Worse than in training is never healthy, whatever the points of these days.
  const after = project.make('start', 'replay', 'monitor', 'agent', 'stop', 'DAY=bad');
  assert.match(
    after.out,
    /^agent {6}(warn|critical): .*more errors than in training, \d+\.\d+ % against/m,
    after.err,
  );
  assert.match(after.out, /trigger_retraining/);
  assert.match(project.make('agent', 'METRICS=absent.jsonl').err, /absent\.jsonl/);
});
