/** Observes metrics and drift, thinks by rules (and words it by a model, if one is configured), and writes an action plan. */
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { modelAccess, wordPlan } from '../lib/agent/model.ts';
import { type Observation, readDrift, readPoints } from '../lib/agent/observe.ts';
import { observeOwnReports } from '../lib/agent/own-reports.ts';
import { makePlan } from '../lib/agent/plan.ts';
import { loadProject } from '../lib/config/load.ts';
import { badInput } from '../lib/fault.ts';
import { readIfThere, writeAtomic } from '../lib/files/write.ts';
import { run, say } from '../lib/terminal.ts';

run(async () => {
  const { values } = parseArgs({
    options: { metrics: { type: 'string' }, drift: { type: 'string' }, out: { type: 'string' } },
  });
  if (values.drift && !values.metrics)
    throw badInput('DRIFT=… comes with METRICS=…; without both, the last runs of make monitor are read');
  const project = loadProject();
  const { agent, paths } = project.config;
  const observation: Observation = values.metrics
    ? {
        ...readPoints(textOf(values.metrics), values.metrics),
        drift: values.drift ? readDrift(jsonOf(values.drift), values.drift) : null,
      }
    : observeOwnReports(project);
  const decided = makePlan(observation, agent);
  const access = modelAccess();
  const { plan, refused } =
    access === undefined
      ? { plan: decided, refused: [] }
      : await wordPlan(decided, observation, access, agent.timeout_ms);

  const out = values.out || project.path(paths.reports, 'agent_plan.yaml');
  writeAtomic(out, stringify(plan, { lineWidth: 100 }));
  say('agent', `${plan.status}: ${plan.rationale}`, `actions: ${plan.actions.join(', ')}   ${out}`);
  for (const problem of observation.problems) say('', `left out: ${problem}`);
  for (const problem of refused) say('', `refused: ${problem}`);
});

function textOf(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw badInput(`${path}  is a folder, not a file`);
  const text = readIfThere(path);
  if (text === undefined) throw badInput(`${path}  is missing`);
  return text;
}

function jsonOf(path: string): unknown {
  try {
    return JSON.parse(textOf(path));
  } catch (error) {
    if (error instanceof SyntaxError) throw badInput(`${path}  is no JSON: ${error.message}`);
    throw error;
  }
}
