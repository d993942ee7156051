/** Sends the alerts that the webhook has not had, in their order, each tried again with growing pauses. */
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { failed } from '../../../lib/fault.ts';
import { sleep } from '../../../lib/serve/client.ts';
import { step } from '../../../lib/step.ts';
import { deliveredCount, writeDelivered } from '../record.ts';
import { describeChange } from '../rules.ts';
import { alertsSection } from '../settings.ts';
import { readChanges } from '../states.ts';

const FIRST_PAUSE_MS = 500;

step({ chapters, lock: 'notify' }, async (project) => {
  const { url, attempts, timeout_ms } = sectionOf(project.config, alertsSection).webhook;
  if (url === '') return;
  for (let next = deliveredCount(project); next < readChanges(project).length; next++) {
    const change = readChanges(project)[next]!;
    const text = describeChange(change);
    const body = JSON.stringify({ project: project.config.project_name, text, ...change });
    if (!(await deliver(url, body, attempts, timeout_ms)))
      throw failed(`${url} took no alert in ${attempts} attempts; the next run of make monitor tries again`);
    writeDelivered(project, next + 1);
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
