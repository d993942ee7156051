/** One server process: loads and checks its models, listens, follows the registry, and drains when told to stop. */
import type { AddressInfo } from 'node:net';
import { REPLAY } from '../config/values.ts';
import { retryBusy } from '../files/lock.ts';
import { followFleet, type Lineup } from '../predict/fleet.ts';
import { createPredictor, type RowJudge } from '../predict/predict.ts';
import type { ServedModel } from '../predict/served-model.ts';
import { commitOf, type Project } from '../project.ts';
import { type DeploymentEvent, recordDeployment } from '../record/deployments.ts';
import { areDrawn, idKey, idSource } from '../record/event-id.ts';
import { isBeingWritten, openEventLog } from '../record/event-log.ts';
import { labelLine, type ModelShape } from '../record/events.ts';
import { dropOldLogs } from '../record/retention.ts';
import { setTraffic } from '../registry/moves.ts';
import { createApp } from './app.ts';
import { logEvent } from './application-log.ts';
import { createListener } from './listener.ts';
import { type Figure, figuresText, type ServerMetrics, serverMetrics } from './metrics.ts';
import type { Route, ServerParts } from './route.ts';
import { createSenders, type Sender } from './senders.ts';
import type { StatusPart } from './status.ts';
import { supervisor } from './workers.ts';

export interface ServerOptions {
  /** A folder for a server that leaves no line in any ledger of the project, and takes any free port. */
  readonly throwaway?: string | undefined;
  readonly adminToken: string | undefined;
  /** Known to this start's own programs alone: whoever has it is its smoke test, or its replay. */
  readonly key: string;
  /** Who else may send labels. */
  readonly senders: readonly Sender[];
  /** Routes of chapters, and what rooms and chapters show on the status page. */
  readonly routes: readonly ((parts: ServerParts) => readonly Route[])[];
  readonly statusParts: readonly StatusPart[];
  /** What chapters object to in rows. */
  readonly judges: readonly RowJudge[];
  /** What chapters add to /metrics. */
  readonly figures: () => readonly Figure[];
  readonly onListening: (port: number, model: ServedModel) => void;
  readonly onSwitch: (now: Lineup, before: Lineup) => void;
  readonly onListenError: (error: NodeJS.ErrnoException, port: number) => void;
  /** Called when everything is answered and closed. */
  readonly onStopped: (code: number) => void;
}

/** Returns what stops it; fails before the port is open if the model cannot be loaded. */
export function startServer(project: Project, options: ServerOptions): (signal: string) => void {
  const { throwaway } = options;
  const { deployment } = project.config;
  const isThrowaway = throwaway !== undefined;
  /** Asking git takes as long as loading a model, and only the deployment log wants to know. */
  let commit: string | undefined;
  let port = isThrowaway ? 0 : deployment.port;
  // One line after the other, without waiting for another program that writes the ledger: requests go on meanwhile.
  let noted = Promise.resolve();
  const note = (event: DeploymentEvent, model: ServedModel, reason: string, change = '') => {
    if (isThrowaway) return;
    const { version, sha256, loaded } = model;
    const line = {
      event,
      change,
      version,
      sha256,
      dataVersion: loaded.metadata.data.version,
      port,
      reason,
    };
    noted = noted
      .then(() => {
        commit ??= commitOf(project);
        const dated = { ...line, commit };
        return retryBusy((waitMs) => recordDeployment(project.ledgers, dated, waitMs));
      })
      .catch((error: Error) =>
        logEvent('error', 'the deployment log could not be written', { problem: error.message }),
      );
  };
  const metrics = withRequestLog(serverMetrics(), deployment.log.requests);
  const fleet = followFleet(
    project,
    (now, before) => {
      metrics.lineup(weightsIn(now));
      note('switch', now.model, "the registry's pointer moved", `${describe(before)} -> ${describe(now)}`);
      options.onSwitch(now, before);
    },
    ({ version, problem }, now) => {
      note('refused', now.model, `${version} refused: ${problem}`);
      logEvent('error', `${version} refused, still serving ${describe(now)}`, { problem });
    },
  );
  metrics.lineup(weightsIn(fleet.current()));

  let ready = false;
  let stopping = false;
  const troubles: string[] =
    deployment.feedback.senders === 'open'
      ? ['anybody may say what is true (deployment.feedback.senders: open), and nothing is learnt from that']
      : [];
  const log = openEventLog({
    folder: isThrowaway ? throwaway : project.ledgers.predictions,
    sensitiveFolder: isThrowaway ? `${throwaway}/sensitive` : project.ledgers.sensitive,
    shapes: () => shapesIn(fleet.current()),
    durability: deployment.durability,
    maxBytes: deployment.log.max_bytes,
    onRotate: () => setImmediate(drop),
    onBroken(error) {
      // What the disk lost is not known (fsync tells once): nothing more is answered, and a restart reads what is there.
      troubles.push(`the disk does not hold the prediction log: ${error.message}`);
      logEvent('error', 'the disk does not hold the prediction log: stopping', { problem: error.message });
      stop('the disk does not hold the prediction log', 1);
    },
  });
  const drawnBy = idKey(isThrowaway ? `${throwaway}/ids.key` : project.ledgers.idKey);
  const newId = idSource(drawnBy);
  const senders = createSenders(
    deployment.feedback,
    [{ name: REPLAY, key: options.key }, ...options.senders],
    1 / deployment.workers,
  );
  const predictor = createPredictor({
    fleet,
    log,
    metrics,
    maxRows: deployment.max_rows,
    judges: options.judges,
    newId,
    now: () => new Date(),
  });
  const crew = supervisor(
    metrics.registry,
    () => fleet.follow(true),
    () => stop('its supervisor is gone', 1),
  );
  const onError = (error: unknown) => {
    // A client that went away is no failure of the server.
    if ((error as NodeJS.ErrnoException)?.code === 'ECONNRESET') return;
    logEvent('error', 'a request failed', {
      problem: (error as Error)?.message ?? String(error),
      stack: (error as Error)?.stack,
    });
  };
  const { hono: app } = createApp({
    name: project.config.project_name,
    deployment,
    fleet,
    predictor,
    smokeKey: options.key,
    feedback: {
      ...senders,
      areGiven: (ids) => areDrawn(ids, drawnBy),
      record(labels, by) {
        const time = new Date().toISOString();
        return log.append(
          labels.map(({ id, label, correction }) =>
            labelLine({ id: newId(), time, of: id, label, by, ...(correction ? { correction } : {}) }),
          ),
        );
      },
    },
    reports: deployment.reports ? project.reports : undefined,
    isReady: () => ready,
    metrics,
    metricsText: async () => `${await crew.metricsText()}${await figuresText(options.figures())}`,
    statusParts: options.statusParts,
    troubles: () => troubles,
    more: options.routes,
    admin: {
      token: options.adminToken,
      reload: crew.reload,
      async route(choose, reason) {
        await retryBusy((waitMs) => setTraffic(project, `POST /admin/routes: ${reason}`, choose, waitMs));
        fleet.follow();
      },
    },
    onError,
  });
  const { server, drain } = createListener({
    app,
    predictor,
    metrics,
    deployment,
    smokeKey: options.key,
    onError,
  });

  const drop = () => {
    if (isThrowaway) return;
    try {
      const dropped = dropOldLogs(
        project.ledgers,
        deployment.log.keep_days,
        (path) => isBeingWritten(path) === true,
      );
      if (dropped.length > 0) logEvent('info', 'old prediction logs dropped', { files: dropped });
    } catch (error) {
      logEvent('error', 'old prediction logs could not be dropped', { problem: (error as Error).message });
    }
  };
  const poll = setInterval(() => {
    try {
      fleet.follow();
    } catch (error) {
      logEvent('error', 'the registry could not be looked at', { problem: (error as Error).message });
    }
  }, deployment.poll_ms);

  function stop(reason: string, code = 0): void {
    if (stopping) return;
    stopping = true;
    ready = false;
    clearInterval(poll);
    void drain(deployment.drain_timeout_ms)
      .then(() => log.close())
      .catch(onError)
      .then(() => {
        if (port !== 0) note('stop', fleet.current().model, reason);
        return noted;
      })
      .then(() => options.onStopped(code));
  }

  server.on('error', (error: NodeJS.ErrnoException) => options.onListenError(error, port));
  server.listen({ port, host: deployment.host, backlog: 1024 }, () => {
    port = (server.address() as AddressInfo).port;
    const { model } = fleet.current();
    note('start', model, `serving ${deployment.model}`, describe(fleet.current()));
    for (const { version, problem } of fleet.refused())
      note('refused', model, `${version} refused: ${problem}`);
    ready = true;
    crew.ready(port);
    options.onListening(port, model);
    setImmediate(drop);
  });
  return stop;
}

function weightsIn({ model, split }: Lineup) {
  return split?.weights ?? [[model.version, 100] as const];
}

function shapesIn({ model, others }: Lineup): ModelShape[] {
  return [model, ...others].map(({ shape }) => shape);
}

/** "v1", or "v1=90 v3=10". */
function describe({ model, split }: Lineup): string {
  return split?.text ?? model.version;
}

/** With log.requests on, each request is one JSON line as well. */
function withRequestLog(metrics: ServerMetrics, on: boolean): ServerMetrics {
  if (!on) return metrics;
  return {
    ...metrics,
    request(route, status, seconds, requestId) {
      metrics.request(route, status, seconds, requestId);
      logEvent('info', 'request', {
        route,
        status,
        ms: Math.round(seconds * 1e6) / 1000,
        ...(requestId === undefined ? {} : { request: requestId }),
      });
    },
  };
}
