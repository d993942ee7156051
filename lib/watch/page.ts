/** The monitoring report as a page a person can read: what is wrong first, pictures after, all in one file. */
import * as Plot from '@observablehq/plot';
import { html, raw } from 'hono/html';
import { parseHTML } from 'linkedom';
import type { Estimate } from '../measure/bootstrap.ts';
import type { Drift } from '../measure/drift.ts';
import type { MonitorReport } from './monitor.ts';

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
  table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .75rem .25rem 0; }
  td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
  tr { border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
  .bad { color: #b3261e; font-weight: 600; } .good { color: #1a7f37; font-weight: 600; } .open { color: #8a6100; font-weight: 600; }
  @media (prefers-color-scheme: dark) { .bad { color: #ff8a80; } .good { color: #7ee787; } .open { color: #f2cc60; } }
  svg { min-width: 36rem; max-width: 100%; height: auto; color: inherit; } .note { opacity: .75; font-size: .9rem; }
  .scroll { overflow-x: auto; }`;

export async function monitorPage(report: MonitorReport, psiThreshold: number): Promise<string> {
  const { error_rate, harm, labels, window, refused, latency_ms, drift, prediction_drift } = report;
  const drifted = drift.filter(({ verdict }) => verdict === 'drift');
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Monitoring of ${report.model}</title><style>${raw(STYLE)}</style></head>
<body>
<h1>${report.model} in production</h1>
<p>${count(window.rows)} predictions from ${day(window.from)} to ${day(window.to)}, ${count(labels.count)} with their truth
(${count(labels.scarcest.count)} of class ${labels.scarcest.class}). Model sha256 ${report.sha256.slice(0, 12)}…, report made ${day(report.time)}.
${report.source === 'simulated' ? html`<strong>The data is simulated.</strong>` : ''}</p>

<h2>In short</h2>
<div class="scroll"><table>
<tr><th>Question</th><th>Answer</th><th>From</th></tr>
<tr><td>More errors than in training?</td><td>${mark(error_rate.verdict, 'no', 'yes')}</td>
<td>${percent(error_rate.production)} now, ${percent(error_rate.training)} in training</td></tr>
<tr><td>Does it rank worse than in training?</td><td>${harm === null ? mark('inconclusive', '', '') : mark(harm.verdict, 'no', 'yes')}</td>
<td>${harm === null ? 'too few labels of every class' : `${harm.metric} ${harm.production.toFixed(3)} now, ${harm.training.toFixed(3)} in training at the same share of each class; difference ${interval(harm.difference)}`}</td></tr>
<tr><td>Have the inputs drifted?</td><td>${drifted.length === 0 ? mark('pass', 'no', '') : mark('fail', '', 'yes')}</td>
<td>${drifted.map(({ name, psi }) => `${name} (PSI ${psi.toFixed(2)})`).join(', ') || 'no input beyond its limit'}</td></tr>
<tr><td>Requests refused</td><td>${count(refused.requests)}</td><td>${
    Object.entries(refused.by_problem)
      .map(([problem, n]) => `${problem} (${n} rows)`)
      .join('; ') || '–'
  }</td></tr>
<tr><td>Latency</td><td>${latency_ms === null ? '–' : `${latency_ms.p50.toFixed(2)} ms`}</td>
<td>${latency_ms === null ? 'no predictions' : `95 % within ${latency_ms.p95.toFixed(2)} ms, 99 % within ${latency_ms.p99.toFixed(2)} ms`}</td></tr>
<tr><td>Truth still missing</td><td>${(labels.missing_rate * 100).toFixed(1)} %</td><td>of the predictions in the window</td></tr>
</table></div>

${
  report.metrics === null
    ? ''
    : html`<h2>Metrics where the truth is known</h2>
<p class="note">As they are: production's own share of each class. Above, ranking is compared at the shares in training.</p>
<div class="scroll"><table><tr><th>Metric</th><th class="n">Now</th><th class="n">In training</th></tr>
${Object.entries(report.metrics).map(([name, estimate]) => html`<tr><td>${name}</td><td class="n">${interval(estimate)}</td><td class="n">${interval(report.training_metrics[name as 'recall'])}</td></tr>`)}</table></div>`
}

<h2>Drift</h2>
<div class="scroll">${raw(driftPicture([...drift, prediction_drift], psiThreshold))}</div>
<p class="note">Bar: population stability index against the frozen training reference. Tick: the most that ${count(window.rows)} rows
without drift would show at the configured false alarm rate. Dashed: the usual rule of thumb, ${psiThreshold}. Square-root scale.
Drift alone is no harm.</p>
<div class="scroll"><table><tr><th>Column</th><th class="n">PSI</th><th class="n">limit</th><th class="n">KS</th><th class="n">missing</th><th>verdict</th></tr>
${[...drift, prediction_drift].map(driftRow)}</table></div>

<h2>Scores</h2>
<div class="scroll">${raw(scorePicture(report))}</div>
<h2>Errors over time</h2>
<p class="note">Each point is about ${Math.ceil(window.rows / 30)} predictions. Dashed: the error rate in training.</p>
<div class="scroll">${raw(errorPicture(report))}</div>
</body></html>`;
  return `${await page}\n`;
}

function driftRow({ name, psi, psi_limit, ks, missing, verdict }: Drift) {
  return html`<tr><td>${name}</td><td class="n">${psi.toFixed(3)}</td><td class="n">${psi_limit.toFixed(3)}</td>
<td class="n">${ks === null ? '–' : ks.toFixed(3)}</td><td class="n">${missing}</td>
<td class="${verdict === 'drift' ? 'bad' : ''}">${verdict}</td></tr>`;
}

function draw(options: Plot.PlotOptions, label: string): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = Plot.plot({ ...options, document: document as never, style: { background: 'none' } });
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return svg.outerHTML;
}

function driftPicture(drift: readonly Drift[], psiThreshold: number): string {
  const worst = [...drift].sort((a, b) => b.psi - a.psi)[0];
  return draw(
    {
      marginLeft: 180,
      width: 800,
      height: 40 + drift.length * 26,
      x: { label: 'PSI', nice: true, type: 'sqrt' },
      y: { label: null, domain: drift.map(({ name }) => name) },
      marks: [
        Plot.barX(drift, {
          x: 'psi',
          y: 'name',
          fill: (d: Drift) => (d.verdict === 'drift' ? '#d1495b' : '#6c8ebf'),
        }),
        Plot.tickX(drift, { x: 'psi_limit', y: 'name', stroke: 'currentColor', strokeWidth: 2 }),
        Plot.ruleX([psiThreshold], { strokeDasharray: '4 3' }),
        Plot.ruleX([0]),
      ],
    },
    `Drift per column; the largest is ${worst?.name ?? 'none'} with PSI ${worst?.psi.toFixed(2) ?? '0'}`,
  );
}

function scorePicture({ scores }: MonitorReport): string {
  return draw(
    {
      width: 800,
      height: 220,
      x: { label: 'predicted probability', domain: [0, 1] },
      y: {
        label: 'predictions (logarithmic)',
        type: 'symlog',
        ticks: [0, 1, 10, 100, 1000, 10000].filter((tick) => tick <= scores.length),
      },
      marks: [
        Plot.rectY(scores, {
          ...Plot.binX({ y: 'count' }, { x: (d: number) => d, thresholds: 40 }),
          fill: '#6c8ebf',
        }),
        Plot.ruleY([0]),
      ],
    },
    `Histogram of ${scores.length} predicted probabilities, counts on a logarithmic scale`,
  );
}

function errorPicture({ over_time, error_rate }: MonitorReport): string {
  const steps = over_time.map((step, i) => ({ ...step, step: i + 1 }));
  const known = steps.filter((step) => step.error_rate !== null);
  const highest = Math.max(0, ...known.map((step) => step.error_rate!));
  return draw(
    {
      width: 800,
      height: 220,
      x: { label: 'step of the window, oldest first', ticks: 10 },
      y: { label: 'errors, %', percent: true, zero: true },
      marks: [
        Plot.ruleY([error_rate.training.value], { strokeDasharray: '4 3' }),
        Plot.lineY(known, { x: 'step', y: 'error_rate', stroke: '#d1495b', strokeWidth: 2 }),
        Plot.dot(known, { x: 'step', y: 'error_rate', fill: '#d1495b', r: 2.5 }),
        Plot.ruleY([0]),
      ],
    },
    `Error rate over the window in ${known.length} steps, at most ${(highest * 100).toFixed(1)} %; dashed: in training`,
  );
}

function mark(verdict: string, whenPass: string, whenFail: string) {
  if (verdict === 'pass') return html`<span class="good">${whenPass}</span>`;
  if (verdict === 'fail') return html`<span class="bad">${whenFail}</span>`;
  return html`<span class="open">not known yet</span>`;
}

function percent({ value, low, high }: Estimate): string {
  if (Number.isNaN(value)) return 'unknown';
  return `${(value * 100).toFixed(2)} % [${(low * 100).toFixed(2)} – ${(high * 100).toFixed(2)}]`;
}

function interval({ value, low, high }: Estimate): string {
  return `${value.toFixed(3)} [${low.toFixed(3)} – ${high.toFixed(3)}]`;
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}

function day(time: string | null): string {
  return time === null ? '–' : `${time.slice(0, 19).replace('T', ' ')} UTC`;
}
