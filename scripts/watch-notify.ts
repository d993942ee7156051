/** Sends the alerts that the webhook has not had, in their order, each tried again with growing pauses. */
import { deliveredCount, readChanges, writeDelivered } from '../lib/alerts/record.ts';
import { describeChange } from '../lib/alerts/rules.ts';
import { loadProject } from '../lib/config/load.ts';
import { failed } from '../lib/fault.ts';
import { takeLock } from '../lib/files/lock.ts';
import { sleep } from '../lib/serve/client.ts';
import { run, say } from '../lib/terminal.ts';

const FIRST_PAUSE_MS = 500;

run(async () => {
  const project = loadProject();
  const { project_name, alerts, paths } = project.config;
  const { url, attempts, timeout_ms } = alerts.webhook;
  if (url === '') {
    say('notify', 'alerts.webhook.url names no webhook');
    return;
  }
  const release = takeLock(project.path(paths.models, '.notify.lock'));
  try {
    if (deliveredCount(project) === readChanges(project).length)
      say('notify', 'nothing that the webhook has not had');
    for (let next = deliveredCount(project); next < readChanges(project).length; next++) {
      const change = readChanges(project)[next]!;
      const body = JSON.stringify({ project: project_name, text: describeChange(change), ...change });
      if (!(await deliver(url, body, attempts, timeout_ms)))
        throw failed(
          `${url} took no alert in ${attempts} attempts; the next run of make monitor tries again`,
        );
      writeDelivered(project, next + 1);
      say('notify', `${change.rule} ${change.state}`);
    }
  } finally {
    release();
  }
});

async function deliver(url: string, body: string, attempts: number, timeoutMs: number): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    const headers = { 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { method: 'POST', headers, body, signal }).catch(() => undefined);
    await response?.arrayBuffer().catch(() => undefined);
    if (response?.ok) return true;
  }
  return false;
}
