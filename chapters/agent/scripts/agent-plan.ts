/** Observes metrics and drift, thinks by rules (and words it by a model, if one is configured), and writes an action plan. */
import { statSync } from 'node:fs';
import { stringify } from 'yaml';
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { readIfThere, writeAtomic } from '../../../lib/files/write.ts';
import { optional, output, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { modelAccess, wordPlan } from '../model.ts';
import { type Observation, readDrift, readPoints } from '../observe.ts';
import { observeOwnReports } from '../own-reports.ts';
import { makePlan } from '../plan.ts';
import { agentSection } from '../settings.ts';

const args = { METRICS: optional, DRIFT: optional, OUT: output };

step({ chapters, args }, async (project, { METRICS, DRIFT, OUT }) => {
  if (DRIFT !== undefined && METRICS === undefined)
    throw badInput('DRIFT=… comes with METRICS=…; without both, the last runs of make monitor are read');
  const { paths, monitoring } = project.config;
  const agent = sectionOf(project.config, agentSection);
  const observation: Observation =
    METRICS === undefined
      ? observeOwnReports(project)
      : {
          ...readPoints(textOf(METRICS), METRICS),
          drift: DRIFT === undefined ? null : readDrift(jsonOf(DRIFT), DRIFT),
        };
  const decided = makePlan(observation, { ...agent, limits: monitoring.limits });
  const access = modelAccess();
  const { plan, refused } =
    access === undefined
      ? { plan: decided, refused: [] }
      : await wordPlan(decided, observation, access, agent.timeout_ms);

  const out = OUT ?? project.path(paths.reports, 'agent_plan.yaml');
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
