/**
 * A shadowing version: reads what the servers put on record, scores the same rows and puts its own answers on record beside
 * them. The prediction log is its queue, so no answer waits for it and nothing is lost while it is away.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { chapters } from '../../../lib/door.ts';
import { serveModel } from '../../../lib/predict/served-model.ts';
import type { Project } from '../../../lib/project.ts';
import { readDeployments } from '../../../lib/record/deployments.ts';
import { idKey, idSource } from '../../../lib/record/event-id.ts';
import { openEventLog } from '../../../lib/record/event-log.ts';
import {
  type LogLine,
  type PredictionLine,
  predictionsIn,
  type ShadowLine,
  timeOf,
} from '../../../lib/record/events.ts';
import { readStream, STREAM_START } from '../../../lib/record/stream.ts';
import { loadVersion } from '../../../lib/registry/load.ts';
import { parseMove } from '../../../lib/registry/pointers.ts';
import { logEvent } from '../../../lib/serve/application-log.ts';
import { required, step } from '../../../lib/step.ts';

const BLOCK = 500;

const which = required('which version? make shadow VERSION=v3 has the server start this');

step({ chapters, args: { VERSION: which } }, async (project, { VERSION: version }) => {
  const { deployment } = project.config;
  const model = serveModel(loadVersion(project, version), deployment.threshold, new Date().toISOString());
  const since = shadowingSince(project, version);
  /** Predictions that it has answered, before it was last ended too. */
  const answered = new Set<string>();
  const newId = idSource(idKey(project.ledgers.idKey));
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => (stopping = true));
  const parent = process.ppid;

  const log = openEventLog({
    folder: project.ledgers.predictions,
    sensitiveFolder: project.ledgers.predictions,
    durability: 'process',
    maxBytes: deployment.log.max_bytes,
    shapes: () => [],
    onBroken: () => process.exit(1),
  });
  const answer = async (asked: readonly PredictionLine[]) => {
    const block = asked.filter(({ input }) => 'rows' in model.parse([input]));
    if (block.length < asked.length)
      logEvent('error', `the shadow ${version} refuses rows that were answered`, {
        rows: asked.length - block.length,
      });
    const parsed = model.parse(block.map(({ input }) => input));
    if ('problems' in parsed || block.length === 0) return;
    const scores = model.score(parsed);
    const time = new Date().toISOString();
    await log.append(
      block.map(({ id }, k) => {
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
      }),
    );
  };
  let position = STREAM_START;
  while (!stopping && process.ppid === parent) {
    const asked: PredictionLine[] = [];
    const take = (event: LogLine) => {
      if ('of' in event && 'model' in event && event.model === version) answered.add(event.of);
      asked.push(...predictionsIn(event));
    };
    ({ position } = readStream(project.ledgers, position, take, (body) => timeOf(body) >= since));
    for (let i = 0; i < asked.length && !stopping; i += BLOCK)
      await answer(asked.slice(i, i + BLOCK).filter(({ id }) => !answered.has(id)));
    if (asked.length === 0) await sleep(deployment.poll_ms);
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
