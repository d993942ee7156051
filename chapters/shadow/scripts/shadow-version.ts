/**
 * A shadowing version: reads what the servers put on record, scores the same rows and puts its own answers on record beside
 * them. The prediction log is its queue, so no answer waits for it and nothing is lost while it is away.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { chapters } from '../../../lib/door.ts';
import { serveModel } from '../../../lib/predict/served-model.ts';
import type { Project } from '../../../lib/project.ts';
import { readDeployments } from '../../../lib/record/deployments.ts';
import { idKey, idSource } from '../../../lib/record/event-id.ts';
import { openEventLog } from '../../../lib/record/event-log.ts';
import { type PredictionLine, predictionsIn, type ShadowLine, timeOf } from '../../../lib/record/events.ts';
import { keepProgress, lastProgress } from '../../../lib/record/progress.ts';
import { segmentsOf } from '../../../lib/record/segments.ts';
import { positionBefore, readStream } from '../../../lib/record/stream.ts';
import { streamPosition } from '../../../lib/record/truth.ts';
import { loadVersion } from '../../../lib/registry/load.ts';
import { parseMove } from '../../../lib/registry/pointers.ts';
import { logEvent } from '../../../lib/serve/application-log.ts';
import { required, step } from '../../../lib/step.ts';

/** Predictions that are answered together. */
const BLOCK = 500;

/** Since when it shadows, and how far it has answered. */
const shadowedSchema = v.strictObject({ since: v.string(), position: streamPosition });

const which = required('which version? make shadow VERSION=v3 has the server start this');

step({ chapters, args: { VERSION: which } }, async (project, { VERSION: version }) => {
  const { deployment } = project.config;
  const model = serveModel(loadVersion(project, version), deployment.threshold, new Date().toISOString());
  const since = shadowingSince(project, version);
  const newId = idSource(idKey(project.ledgers.idKey));
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => (stopping = true));
  const parent = process.ppid;

  const log = openEventLog({
    folder: project.ledgers.predictions,
    sensitiveFolder: project.ledgers.predictions,
    durability: 'disk',
    maxBytes: deployment.log.max_bytes,
    shapes: () => [],
    onBroken: () => process.exit(1),
  });
  const answersTo = (asked: readonly PredictionLine[]): string[] => {
    const block = asked.filter(({ input }) => 'rows' in model.parse([input]));
    if (block.length < asked.length)
      logEvent('error', `the shadow ${version} refuses rows that were answered`, {
        rows: asked.length - block.length,
      });
    const parsed = model.parse(block.map(({ input }) => input));
    if ('problems' in parsed || block.length === 0) return [];
    const scores = model.score(parsed);
    const time = new Date().toISOString();
    return block.map(({ id }, k) => {
      const line: ShadowLine = {
        id: newId(),
        time,
        route: 'shadow',
        of: id,
        model: version,
        sha256: model.sha256,
        ...model.give(scores, k),
      };
      return JSON.stringify(line);
    });
  };
  const { ledgers } = project;
  const consumer = `shadow-${version}`;
  const told = lastProgress(ledgers, consumer, shadowedSchema);
  // Made a shadow anew, it begins anew.
  let position = told?.since === since ? told.position : positionBefore(segmentsOf(ledgers), since);
  while (!stopping && process.ppid === parent) {
    const asked: PredictionLine[] = [];
    const stream = readStream(
      ledgers,
      position,
      (event) => asked.push(...predictionsIn(event)),
      (body) => timeOf(body) >= since,
      () => asked.length >= BLOCK,
    );
    ({ position } = stream);
    if (asked.length === 0) {
      await sleep(deployment.poll_ms);
      continue;
    }
    const line = { id: newId(), time: new Date().toISOString(), consumer, at: { since, position } };
    await log.append([...answersTo(asked), JSON.stringify(line)]);
    keepProgress(ledgers, line);
  }
  await log.close();
});

/** When the version was last made a shadow; requests before that are not its. */
function shadowingSince(project: Project, version: string): string {
  let since = '';
  let shadowing = false;
  for (const { time, event, change } of readDeployments(project.ledgers)) {
    const move = parseMove(event, change);
    if (move?.event !== 'traffic') continue;
    const now = move.traffic.shadow.includes(version);
    if (now && !shadowing) since = time;
    shadowing = now;
  }
  return since;
}
