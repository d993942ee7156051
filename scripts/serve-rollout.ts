/**
 * Gives a version more of the traffic step by step. Each step is judged from the prediction log: a pass goes on, a failure or
 * a dead server takes the traffic back, and while nothing can be said the rollout pauses where it is. Started again it goes on.
 */
import { parseArgs } from 'node:util';
import { openRegistry, type Registry } from '../lib/clockwork.ts';
import { badInput, Fault, failed, MISSED } from '../lib/fault.ts';
import { withLockHeld } from '../lib/files/lock.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { NO_TRAFFIC, withoutVersion } from '../lib/registry/pointers.ts';
import { followedWithin, health, runningServer, sleep } from '../lib/serve/client.ts';
import { progress, run, say } from '../lib/terminal.ts';
import { judgeStep } from '../lib/watch/judge-step.ts';
import {
  endRollout,
  evidenceOf,
  type Rollout,
  readRollout,
  recordStep,
  writeRollout,
} from '../lib/watch/rollout.ts';

const LOOK_MS = 500;
/** Looks in a row without an answer, after which a server counts as dead. */
const DEAD_AFTER = 6;

run(async () => {
  const { values, positionals } = parseArgs({
    options: { reason: { type: 'string' } },
    allowPositionals: true,
  });
  const registry = openRegistry();
  const { project } = registry;
  await withLockHeld(project.path(project.config.paths.models, '.rollout.lock'), async () => {
    let rollout = begin(registry, positionals[0] || undefined, values.reason || 'make rollout');
    const { steps } = project.config.deployment.rollout;
    for (; rollout.step < steps.length; rollout = next(registry, rollout)) await takeStep(registry, rollout);
    registry.promote(rollout.version, `rollout: every step passed (${rollout.reason})`);
    endRollout(project);
    const followed = await followedWithin(project, ({ model }) => model === rollout.version, 5000);
    say('rollout', `${rollout.version} is champion (was ${rollout.model})${followed}`);
  });
});

/** The rollout of before, or a new one at its first step. */
function begin(registry: Registry, name: string | undefined, reason: string): Rollout {
  const { project } = registry;
  const before = readRollout(project);
  const version = name === undefined ? before?.version : registry.resolve(name);
  if (version === undefined) throw badInput('which version? make rollout VERSION=v3');
  if (runningServer(project) === undefined)
    throw failed('no server runs, so no request would reach it: make start');
  if (before !== undefined && isUndisturbed(registry, before)) {
    if (before.version !== version)
      throw failed(
        `${before.version} is being rolled out: make rollout goes on with it, make rollback ends it`,
      );
    say(
      'rollout',
      `${version} goes on with step ${before.step + 1} of ${project.config.deployment.rollout.steps.length}`,
    );
    return before;
  }
  // Its traffic was taken away or given to another meanwhile: what the file says is over.
  endRollout(project);
  const others = Object.keys(registry.pointers().traffic?.split ?? {}).filter((name) => name !== version);
  if (others.length > 0)
    throw failed(
      `${others.join(' and ')} has traffic beside the model: make split SPLIT=none ends that first`,
    );
  const model = resolveVersion(project, project.config.deployment.model);
  if (model === version) throw badInput(`${version} is live already`);
  return setShare(registry, { version, model, reason, started: now(), step: 0, since: now() });
}

function next(registry: Registry, rollout: Rollout): Rollout {
  const step = rollout.step + 1;
  return step === registry.project.config.deployment.rollout.steps.length
    ? { ...rollout, step }
    : setShare(registry, { ...rollout, step, since: now() });
}

function setShare(registry: Registry, rollout: Rollout): Rollout {
  const { project } = registry;
  const { steps } = project.config.deployment.rollout;
  const { version, step, reason } = rollout;
  registry.route(
    (traffic) => ({ ...traffic, split: { [version]: steps[step]! } }),
    `rollout, step ${step + 1} of ${steps.length}: ${reason}`,
  );
  writeRollout(project, rollout);
  return rollout;
}

/** Waits, judges, and waits again while nothing can be said; returns when the step has passed. */
async function takeStep(registry: Registry, rollout: Rollout): Promise<void> {
  const { project } = registry;
  const { rollout: settings } = project.config.deployment;
  const { steps, patience, dwell_seconds } = settings;
  const { version, step } = rollout;
  const title = `step ${step + 1} of ${steps.length}, ${steps[step]} %`;
  for (let waited = 1; ; waited++) {
    await dwell(registry, rollout, dwell_seconds * 1000);
    const { model, next: side } = evidenceOf(project, rollout);
    const { verdict, reasons } = judgeStep(settings, model, side, project.config.model_params.random_state);
    const because = reasons.join('; ');
    if (verdict === 'pass') {
      recordStep(project, version, `${title}: pass`, because);
      say('rollout', `${title}: pass   ${because}`);
      return;
    }
    if (verdict === 'fail') throw await takeBack(registry, rollout, title, because);
    if (waited < patience) continue;
    recordStep(project, version, `${title}: inconclusive`, because);
    throw new Fault(
      `${title}: inconclusive   ${because}\n           paused at ${steps[step]} %: make rollout goes on, make rollback ends it`,
      MISSED,
    );
  }
}

/** Lets the step's requests come, as long as a server answers and nobody else moves the traffic. */
async function dwell(registry: Registry, rollout: Rollout, ms: number): Promise<void> {
  const { project } = registry;
  const bar = progress('rollout', ms);
  let silent = 0;
  try {
    for (const start = performance.now(); performance.now() - start < ms; ) {
      await sleep(Math.min(LOOK_MS, ms));
      const server = runningServer(project);
      const answer = server === undefined ? undefined : await health(server.url);
      silent = answer === undefined ? silent + 1 : 0;
      const refused = answer?.refused?.find(({ version }) => version === rollout.version);
      const title = `step ${rollout.step + 1}`;
      if (refused !== undefined)
        throw await takeBack(registry, rollout, title, `the server refused it: ${refused.problem}`);
      if (silent >= DEAD_AFTER) throw await takeBack(registry, rollout, title, 'the server does not answer');
      if (!isUndisturbed(registry, rollout)) {
        endRollout(project);
        throw failed(
          `somebody else moved the traffic: the rollout of ${rollout.version} ends (make live says who)`,
        );
      }
      bar.update(performance.now() - start);
    }
  } finally {
    bar.stop();
  }
}

function isUndisturbed(registry: Registry, { version, model, step }: Rollout): boolean {
  const { project } = registry;
  const { traffic } = registry.pointers();
  const { steps } = project.config.deployment.rollout;
  return (
    traffic?.split[version] === steps[step] &&
    resolveVersion(project, project.config.deployment.model) === model
  );
}

async function takeBack(
  registry: Registry,
  rollout: Rollout,
  title: string,
  because: string,
): Promise<Fault> {
  const { project } = registry;
  const { version, model } = rollout;
  registry.route((traffic) => withoutVersion(traffic ?? NO_TRAFFIC, version), `rollout failed: ${because}`);
  endRollout(project);
  recordStep(project, version, `${title}: fail`, because);
  const followed = await followedWithin(project, ({ traffic }) => traffic.length === 1, 2000);
  return new Fault(
    `${title}: fail   ${because}\n           ${version} gets no more traffic; ${model} answers alone${followed}`,
    MISSED,
  );
}

function now(): string {
  return new Date().toISOString();
}
