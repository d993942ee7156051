/** The monitoring report as a page a person can read: what is wrong first, pictures after, all in one file. */
import * as Plot from '@observablehq/plot';
import { html } from 'hono/html';
import type { Drift } from '../measure/drift.ts';
import { draw } from '../page/draw.ts';
import { day, figure, type Html, mark, pageOf, percent } from '../page/page.ts';
import { ALARM, CALM, type Picture } from '../page/picture.ts';
import { scoresPicture } from '../page/scores-picture.ts';
import { formatCount as count, formatMany, formatInterval as interval } from '../words.ts';
import { describeHarm } from './decide.ts';
import type { MonitorReport } from './monitor.ts';
import type { Alarm } from './vigil.ts';

/** `parts` are what chapters add. */
export async function monitorPage(
  report: MonitorReport,
  alarms: readonly Alarm[],
  psiThreshold: number,
  parts: readonly Html[],
): Promise<string> {
  const { error_rate, harm, labels, window, refused, latency_ms, drift, prediction_drift } = report;
  const drifted = drift.filter(({ verdict }) => verdict === 'drift');
  const isUnknown = drift.every(({ verdict }) => verdict === 'no data');
  const drifts = [...drift, ...(prediction_drift === null ? [] : [prediction_drift])].sort(
    (a, b) => b.size.value - a.size.value,
  );
  const body = html`<h1>${report.model} in production</h1>
<p>${count(window.rows)} predictions from ${day(window.from)} to ${day(window.to)}, ${count(labels.count)} with their truth
(${count(labels.scarcest.count)} of class ${labels.scarcest.class}). Model sha256 ${report.sha256.slice(0, 12)}…, report made ${day(report.time)}.
${report.source === 'simulated' ? html`<strong>The data is simulated.</strong>` : ''}</p>

<h2>In short</h2>
<div class="scroll" tabindex="0"><table>
<tr><th>Question</th><th>Answer</th><th>From</th></tr>
<tr><td>More errors than in training?</td><td>${mark(error_rate.verdict, 'no', 'yes')}</td>
<td>${percent(error_rate.production)} now, ${percent(error_rate.training)} in training</td></tr>
<tr><td>Is it worse than in training?</td><td>${harm === null ? mark('inconclusive', '', '') : mark(harm.verdict, 'no', 'yes')}</td>
<td>${harm === null ? 'too little truth' : `${describeHarm(harm)} ${harm.production.toFixed(3)} now, ${harm.training.toFixed(3)} in training at the same share of each class; difference ${interval(harm.difference)}${harm.verdict === 'inconclusive' && (harm.difference.low > 0 || harm.difference.high < 0) ? ': there is one, and that it is more than is allowed is not shown' : ''}`}</td></tr>
<tr><td>Have the inputs drifted?</td><td>${mark(drifted.length > 0 ? 'fail' : isUnknown ? 'inconclusive' : 'pass', 'no', 'yes')}</td>
<td>${drifted.map(({ name, size }) => `${name} (PSI ${size.value.toFixed(2)})`).join(', ') || (isUnknown ? 'no rows' : 'no input beyond its limit')}</td></tr>
<tr><td>Requests refused</td><td>${count(refused.requests)}</td><td>${
    Object.entries(refused.by_problem)
      .map(([problem, n]) => `${problem} (${formatMany(n, 'row')})`)
      .join('; ') || '–'
  }</td></tr>
<tr><td>Latency</td><td>${latency_ms === null ? '–' : `${latency_ms.p50.toFixed(2)} ms`}</td>
<td>${latency_ms === null ? 'no predictions' : `95 % within ${latency_ms.p95.toFixed(2)} ms, 99 % within ${latency_ms.p99.toFixed(2)} ms`}</td></tr>
<tr><td>Are the probabilities right?</td><td>${report.calibration === null ? '–' : interval(report.calibration)}</td><td>mean probability given, less the share that was true</td></tr>
<tr><td>Do the sets hold the truth?</td><td>${report.coverage === null ? '–' : interval(report.coverage.production)}</td><td>${report.coverage === null ? 'nothing can be said' : `of the labelled predictions; ${report.coverage.confidence} is asked for`}</td></tr>
<tr><td>Truth still missing</td><td>${(labels.missing_rate * 100).toFixed(1)} %</td><td>of the predictions that are old enough to have it; the newest that has it was made ${day(labels.until)}</td></tr>
</table></div>

<h2>Alarms</h2>
<p class="note">Over all that came since the version went live, not this window alone. An alarm rings when the evidence that its signal is
beyond its limit is strong enough never to be chance but once in a while (monitoring.alarm_rate), and is calm again when the contrary is
shown.</p>
<div class="scroll" tabindex="0"><table><tr><th>Signal</th><th>state</th><th class="n">evidence for a change</th></tr>
${alarms.map(({ signal, rings, since, evidence }) => html`<tr><td>${signal}</td><td class="${rings ? 'bad' : ''}">${rings ? `rings since ${day(since)}` : 'calm'}</td><td class="n">${evidence === null ? '–' : `${evidence.toFixed(1)} to 1`}</td></tr>`)}</table></div>

${
  report.metrics === null
    ? ''
    : html`<h2>Metrics where the truth is known</h2>
<p class="note">As they are: production's own share of each class. Above, ranking is compared at the shares in training.</p>
<div class="scroll" tabindex="0"><table><tr><th>Metric</th><th class="n">Now</th><th class="n">In training</th></tr>
${Object.entries(report.metrics).map(([name, estimate]) => html`<tr><td>${name}</td><td class="n">${interval(estimate)}</td><td class="n">${interval(report.training_metrics[name as 'recall'])}</td></tr>`)}</table></div>`
}

<h2>Drift</h2>
${figure(driftPicture(drifts, psiThreshold))}
<p class="note">Dot and line: population stability index against the frozen training reference, without what ${count(window.rows)} rows show by
chance, and its interval. Drift is what chance does not explain (the false discoveries among all columns are limited) and what is as
large as the dashed line, ${psiThreshold}; small is the former alone. Missing and unknown values count. Square-root scale. Drift alone is no
harm.${prediction_drift === null ? ' The scores cannot be judged: the model has no rows that it had not learnt.' : ''}</p>
<div class="scroll" tabindex="0"><table><tr><th>Column</th><th class="n">PSI</th><th class="n">chance</th><th class="n">KS</th><th class="n">missing</th><th>verdict</th></tr>
${drifts.map(driftRow)}</table></div>

${parts}
${window.rows === 0 ? '' : windowPictures(report)}`;
  return pageOf(`Monitoring of ${report.model}`, body);
}

function windowPictures(report: MonitorReport): Html {
  const size = { width: 800, height: 220 };
  return html`<h2>Scores</h2>
${figure(scoresPicture(report.scores, 'predicted probability', 'predictions', size))}
<h2>Errors over time</h2>
<p class="note">Each point is about ${Math.ceil(report.window.rows / 30)} predictions. Dashed: the error rate in training.</p>
${figure(errorPicture(report))}`;
}

function driftRow({ name, size, p_value, ks, missing, verdict }: Drift) {
  return html`<tr><td>${name}</td><td class="n">${interval(size)}</td><td class="n">${Number.isNaN(p_value) ? '–' : p_value < 0.001 ? '< .001' : p_value.toFixed(3)}</td>
<td class="n">${ks === null ? '–' : ks.toFixed(3)}</td><td class="n">${missing}</td>
<td class="${verdict === 'drift' ? 'bad' : ''}">${verdict}</td></tr>`;
}

const DRIFTS_SHOWN = 20;

/** The columns that drift most, the most first. */
function driftPicture(drifts: readonly Drift[], psiThreshold: number): Picture {
  const points = drifts.slice(0, DRIFTS_SHOWN).map(({ name, verdict, size }) => ({ name, verdict, ...size }));
  const color = (d: (typeof points)[number]) => (d.verdict === 'drift' ? ALARM : CALM);
  return draw(
    {
      marginLeft: 180,
      width: 800,
      height: 40 + points.length * 26,
      x: {
        label: 'PSI',
        nice: true,
        type: 'sqrt',
        domain: [0, Math.max(0.25, ...points.map(({ high }) => high))],
      },
      y: { label: null, domain: points.map(({ name }) => name) },
      marks: [
        Plot.ruleY(points, { x1: 'low', x2: 'high', y: 'name', stroke: color, strokeWidth: 3 }),
        Plot.dot(points, { x: 'value', y: 'name', fill: color, r: 4 }),
        Plot.ruleX([psiThreshold], { strokeDasharray: '4 3' }),
        Plot.ruleX([0]),
      ],
    },
    `Drift per column; the largest is ${points[0]?.name ?? 'none'} with PSI ${points[0]?.value.toFixed(2) ?? '0'}`,
    points,
    [
      { name: 'drift', color: ALARM },
      { name: 'no drift, or little', color: CALM },
    ],
  );
}

function errorPicture({ over_time, error_rate }: MonitorReport): Picture {
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
        Plot.lineY(known, { x: 'step', y: 'error_rate', stroke: ALARM, strokeWidth: 2 }),
        Plot.dot(known, { x: 'step', y: 'error_rate', fill: ALARM, r: 2.5 }),
        Plot.ruleY([0]),
      ],
    },
    `Error rate over the window in ${known.length} steps, at most ${(highest * 100).toFixed(1)} %; dashed: in training`,
    steps,
  );
}
