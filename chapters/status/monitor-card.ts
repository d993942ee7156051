/** What the status page says of the last run of make monitor. */
import { html } from 'hono/html';
import type { MonitorReport } from '../../lib/../lib/watch/monitor.ts';
import type { Html } from '../../lib/page/page.ts';
import type { Project } from '../../lib/project.ts';
import { lastReport, readRuns } from '../../lib/record/monitoring.ts';
import { formatCount, formatPercent, formatTime } from '../../lib/words.ts';
import { sparkline } from './sparkline.ts';

const RUNS_SHOWN = 60;

export function monitorCard(project: Project): { id: string; title: string; body: Html } {
  const text = lastReport(project.ledgers, project.reports);
  const body =
    text === undefined
      ? html`<p>No run yet: <code>make monitor</code>.</p>`
      : runOf(
          JSON.parse(text) as MonitorReport,
          readRuns(project.ledgers).slice(-RUNS_SHOWN),
          project.config.monitoring.limits.max_psi,
        );
  return { id: 'monitor', title: 'Last monitoring run', body };
}

function runOf(
  { time, model, window, error_rate, labels, drift }: MonitorReport,
  history: readonly { error_rate: number | null; max_psi: number }[],
  psiLimit: number,
): Html {
  const drifted = drift.filter(({ verdict }) => verdict === 'drift');
  const rates = history.flatMap((run) => (run.error_rate === null ? [] : [run.error_rate * 100]));
  const { production, training, verdict } = error_rate;
  return html`<dl>
<dt>Run</dt><dd>${formatTime(time)}, ${model}, ${formatCount(window.rows)} predictions</dd>
<dt>Error rate</dt><dd class="${verdict === 'fail' ? 'bad' : ''}">${
    labels.count === 0
      ? 'no truth yet'
      : `${formatPercent(production.value)} (training ${formatPercent(training.value)})`
  }</dd></dl>${sparkline(rates, 'Error rate in percent over the last runs')}
<dl><dt>Drift</dt><dd class="${drifted.some(({ size }) => size.value > psiLimit) ? 'bad' : ''}">${drifted.map(({ name, size }) => `${name} (PSI ${size.value.toFixed(2)})`).join(', ') || (window.rows === 0 ? 'no predictions yet' : 'none beyond its limit')}</dd></dl>${sparkline(
    history.map((run) => run.max_psi),
    'Largest PSI over the last runs',
  )}`;
}
