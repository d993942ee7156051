/**
 * Gives a version more of the traffic step by step. Each step is judged from the prediction log: a pass goes on, a failure or
 * a dead server takes the traffic back, and while nothing can be said the rollout pauses where it is. Started again it goes on.
 */
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput, Fault, failed, MISSED } from '../../../lib/fault.ts';
import type { Project } from '../../../lib/project.ts';
import { refuseUnproven } from '../../../lib/registry/gate.ts';
import { loadVersion } from '../../../lib/registry/load.ts';
import { promote, setTraffic } from '../../../lib/registry/moves.ts';
import { readPointers, resolveVersion } from '../../../lib/registry/pointer-files.ts';
import { withoutVersion } from '../../../lib/registry/pointers.ts';
import { followedWithin, health, runningServer, sleep } from '../../../lib/serve/client.ts';
import { optional, step } from '../../../lib/step.ts';
import { progress, say } from '../../../lib/terminal.ts';
import { judgeStep } from '../judge-step.ts';
import { endRollout, evidenceOf, type Rollout, readRollout, recordStep, writeRollout } from '../rollout.ts';
import { type RolloutSettings, rolloutSection } from '../settings.ts';

const LOOK_MS = 500;
/** Looks in a row without an answer, after which a server counts as dead. */
const DEAD_AFTER = 6;

const args = { VERSION: optional, REASON: optional };

step({ chapters, args, lock: 'rollout' }, async (project, { VERSION, REASON }) => {
  let rollout = begin(project, VERSION, REASON);
  const { steps } = settingsOf(project);
  for (; rollout.step < steps.length; rollout = next(project, rollout)) await takeStep(project, rollout);
  promote(project, rollout.version, `rollout: every step passed (${rollout.reason})`, rollout.insists);
  endRollout(project);
  const followed = await followedWithin(project, ({ model }) => model === rollout.version, 5000);
  say('rollout', `${rollout.version} is champion (was ${rollout.model})${followed}`);
});

function settingsOf({ config }: Project): RolloutSettings {
  return sectionOf(config, rolloutSection);
}

/** The rollout of before, or a new one at its first step. */
function begin(project: Project, name: string | undefined, reason: string | undefined): Rollout {
  const before = readRollout(project);
  const version = name === undefined ? before?.version : resolveVersion(project, name);
  if (version === undefined) throw badInput('which version? make rollout VERSION=v3');
  if (runningServer(project) === undefined)
    throw failed('no server runs, so no request would reach it: make start');
  if (before !== undefined && isUndisturbed(project, before)) {
    if (before.version !== version)
      throw failed(
        `${before.version} is being rolled out: make rollout goes on with it, make rollback ends it`,
      );
    say('rollout', `${version} goes on with step ${before.step + 1} of ${settingsOf(project).steps.length}`);
    return before;
  }
  // Its traffic was taken away or given to another meanwhile: what the file says is over.
  endRollout(project);
  const others = Object.keys(readPointers(project).traffic?.split ?? {}).filter((name) => name !== version);
  if (others.length > 0)
    throw failed(
      `${others.join(' and ')} has traffic beside the model: make canary SPLIT=none ends that first`,
    );
  const model = resolveVersion(project, project.config.deployment.model);
  if (model === version) throw badInput(`${version} is live already`);
  const insists = reason !== undefined;
  if (!insists) refuseUnproven(project, loadVersion(project, version));
  const rollout = { version, model, reason: reason ?? 'make rollout', insists };
  return setShare(project, { ...rollout, started: now(), step: 0, since: now() });
}

function next(project: Project, rollout: Rollout): Rollout {
  const step = rollout.step + 1;
  return step === settingsOf(project).steps.length
    ? { ...rollout, step }
    : setShare(project, { ...rollout, step, since: now() });
}

function setShare(project: Project, rollout: Rollout): Rollout {
  const { steps } = settingsOf(project);
  const { version, step, reason } = rollout;
  const why = `rollout, step ${step + 1} of ${steps.length}: ${reason}`;
  setTraffic(project, why, (traffic) => ({ ...traffic, split: { [version]: steps[step]! } }));
  writeRollout(project, rollout);
  return rollout;
}

/** Waits, judges, and waits again while nothing can be said; returns when the step has passed. */
async function takeStep(project: Project, rollout: Rollout): Promise<void> {
  const settings = settingsOf(project);
  const { steps, patience, dwell_seconds } = settings;
  const { version, step } = rollout;
  const title = `step ${step + 1} of ${steps.length}, ${steps[step]} %`;
  for (let waited = 1; ; waited++) {
    await dwell(project, rollout, dwell_seconds * 1000);
    const { model, next: side, answered } = evidenceOf(project, rollout);
    const { verdict, reasons } = judgeStep(settings, model, side, answered);
    const because = reasons.join('; ');
    if (verdict === 'pass') {
      recordStep(project, version, `${title}: pass`, because);
      say('rollout', `${title}: pass   ${because}`);
      return;
    }
    if (verdict === 'fail') throw await takeBack(project, rollout, title, because);
    if (waited < patience) continue;
    recordStep(project, version, `${title}: inconclusive`, because);
    throw new Fault(
      `${title}: inconclusive   ${because}\n           paused at ${steps[step]} %: make rollout goes on, make rollback ends it`,
      MISSED,
    );
  }
}

/** Lets the step's requests come, as long as a server answers and nobody else moves the traffic. */
async function dwell(project: Project, rollout: Rollout, ms: number): Promise<void> {
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
        throw await takeBack(project, rollout, title, `the server refused it: ${refused.problem}`);
      if (silent >= DEAD_AFTER) throw await takeBack(project, rollout, title, 'the server does not answer');
      if (!isUndisturbed(project, rollout)) {
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

function isUndisturbed(project: Project, { version, model, step }: Rollout): boolean {
  const { traffic } = readPointers(project);
  const { steps } = settingsOf(project);
  return (
    traffic?.split[version] === steps[step] &&
    resolveVersion(project, project.config.deployment.model) === model
  );
}

async function takeBack(project: Project, rollout: Rollout, title: string, because: string): Promise<Fault> {
  const { version, model } = rollout;
  setTraffic(project, `rollout failed: ${because}`, (traffic) => withoutVersion(traffic, version));
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
