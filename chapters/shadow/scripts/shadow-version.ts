/**
 * A shadowing version: reads what the servers put on record, scores the same rows and puts its own answers on record beside
 * them. The prediction log is its queue, so no answer waits for it and nothing is lost while it is away.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { chapters } from '../../../lib/door.ts';
import { readLedger } from '../../../lib/files/ledger.ts';
import { idSource } from '../../../lib/predict/predict.ts';
import { serveModel } from '../../../lib/predict/served-model.ts';
import type { Project } from '../../../lib/project.ts';
import { logsIn } from '../../../lib/record/catalogue.ts';
import { readDeployments } from '../../../lib/record/deployments.ts';
import { type LogLine, predictionsIn, type ShadowLine } from '../../../lib/record/prediction-lines.ts';
import { openPredictionLog } from '../../../lib/record/prediction-log.ts';
import { loadVersion } from '../../../lib/registry/load.ts';
import { parseMove } from '../../../lib/registry/pointers.ts';
import { logEvent } from '../../../lib/serve/application-log.ts';
import { required, step } from '../../../lib/step.ts';

const PIECE = 1 << 20;
const BLOCK = 500;

const which = required('which version? make shadow VERSION=v3 has the server start this');

step({ chapters, args: { VERSION: which } }, async (project, { VERSION: version }) => {
  const { deployment } = project.config;
  const model = serveModel(loadVersion(project, version), deployment.threshold, new Date().toISOString());
  const since = shadowingSince(project, version);
  const answered = answeredBefore(project, version, since);
  const newId = idSource();
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => (stopping = true));
  const parent = process.ppid;

  const log = openPredictionLog({
    folder: project.ledgers.predictions,
    sensitiveFolder: project.ledgers.predictions,
    durability: 'process',
    maxBytes: deployment.log.max_bytes,
    onBroken: () => process.exit(1),
  });
  const offsets = new Map<string, number>();
  while (!stopping && process.ppid === parent) {
    let read = 0;
    for (const { path } of writtenSince(project, since)) {
      if (stopping) break;
      const { lines, offset } = newLines(path, offsets.get(path) ?? 0);
      offsets.set(path, offset);
      read += lines.length;
      const given = lines
        .flatMap((text) => predictionsIn(JSON.parse(text) as LogLine))
        .filter(({ time, id }) => time >= since && !answered.has(id));
      for (let i = 0; i < given.length; i += BLOCK) {
        const asked = given.slice(i, i + BLOCK);
        const block = asked.filter(({ input }) => 'rows' in model.parse([input]));
        if (block.length < asked.length)
          logEvent('error', `the shadow ${version} refuses rows that were answered`, {
            rows: asked.length - block.length,
          });
        const parsed = model.parse(block.map(({ input }) => input));
        if ('problems' in parsed || block.length === 0) continue;
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
      }
    }
    if (read === 0) await sleep(deployment.poll_ms);
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

function writtenSince(project: Project, since: string) {
  const from = since === '' ? 0 : Date.parse(since);
  return logsIn(project.ledgers, 'predictions').filter(
    ({ path }) => (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= from,
  );
}

/** Predictions that the version answered before it was last ended. */
function answeredBefore(project: Project, version: string, since: string): Set<string> {
  const answered = new Set<string>();
  for (const { path, format } of writtenSince(project, since)) {
    for (const { body } of readLedger(path, format).lines) {
      if (!body.includes('"route":"shadow"')) continue;
      const line = JSON.parse(body) as ShadowLine;
      if (line.model === version) answered.add(line.of);
    }
  }
  return answered;
}

/** Whole lines that were appended since the offset, up to a piece of them. */
function newLines(path: string, from: number): { lines: string[]; offset: number } {
  if (!existsSync(path)) return { lines: [], offset: from };
  const fd = openSync(path, 'r');
  try {
    const size = fstatSync(fd).size;
    const piece = Buffer.alloc(Math.min(PIECE, Math.max(0, size - from)));
    const length = readSync(fd, piece, 0, piece.length, from);
    const end = piece.subarray(0, length).lastIndexOf(10) + 1;
    if (end === 0) return { lines: [], offset: from };
    return { lines: piece.toString('utf8', 0, end - 1).split('\n'), offset: from + end };
  } finally {
    closeSync(fd);
  }
}
