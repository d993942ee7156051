/** The status page: what is live and how it does. Whole without JavaScript; with it, it renews itself and the form answers in place. */
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import type { Prediction } from '../../lib/record/events.ts';
import type { SignatureInput } from '../../lib/train/signature.ts';
import { formatCount, formatTime } from '../../lib/words.ts';
import type { EventLine, RequestCounts, StatusPage } from './status.ts';

/** What the form sent and what came of it. */
export interface FormResult {
  readonly values: Readonly<Record<string, string>>;
  readonly answer: Prediction | { readonly problems: readonly { field: string; problem: string }[] };
}

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif;
    --line: color-mix(in srgb, currentColor 18%, transparent); --soft: color-mix(in srgb, currentColor 6%, transparent);
    --good: #1a7f37; --bad: #b3261e; --accent: #2f5f9e; }
  @media (prefers-color-scheme: dark) { :root { --good: #7ee787; --bad: #ff8a80; --accent: #9cc3ff; } }
  body { max-width: 64rem; margin: 1.5rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
  header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; margin-bottom: 1rem; }
  main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); }
  section { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; overflow-x: auto; min-width: 0; }
  .wide { grid-column: 1 / -1; } .alarm { border: 2px solid var(--bad); }
  table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .2rem .75rem .2rem 0; vertical-align: top; }
  tr + tr { border-top: 1px solid var(--line); } td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
  dl { display: grid; grid-template-columns: minmax(5.5rem, max-content) 1fr; gap: .15rem 1rem; margin: 0; } dt { opacity: .75; } dd { margin: 0; overflow-wrap: anywhere; }
  code { font-size: .875em; } .big { font-size: 1.6rem; font-weight: 600; } .good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
  svg.bar { height: .75rem; border-radius: .375rem; background: var(--soft); margin: .25rem 0 .75rem; } .note { opacity: .75; font-size: .9rem; margin: .5rem 0 0; }
  svg { display: block; width: 100%; height: 2.5rem; color: var(--accent); }
  form { display: grid; gap: .6rem 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 13rem), 1fr)); align-items: start; }
  label { display: grid; gap: .1rem; } label small { opacity: .75; } input, select, button { font: inherit; padding: .35rem .5rem; box-sizing: border-box; width: 100%; }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; } [aria-invalid=true] { outline: 2px solid var(--bad); }
  form button { align-self: center; } a { color: var(--accent); } #alarms:empty { display: none; } .when { white-space: nowrap; }
  @media (max-width: 40rem) { .events, .events tbody, .events tr, .events td { display: block; } .events tr:first-child { display: none; }
    .events tr { padding: .5rem 0; } .events td { padding: 0; } .when { opacity: .75; font-size: .9rem; } }`;

/** Renews what is marked live every two seconds, and sends the form without leaving the page. */
const SCRIPT = `
  const renew = (page, marked) => { for (const part of page.querySelectorAll(marked)) {
    const here = document.getElementById(part.id);
    if (here && here.innerHTML !== part.innerHTML) here.innerHTML = part.innerHTML; } };
  const parsed = async (response) => new DOMParser().parseFromString(await response.text(), 'text/html');
  setInterval(async () => {
    if (document.hidden) return;
    try { renew(await parsed(await fetch('/')), '[data-live]'); document.body.dataset.stale = ''; }
    catch { document.getElementById('state').textContent = 'does not answer'; }
  }, 2000);
  document.querySelector('form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const sent = await fetch('/', { method: 'POST', body: new URLSearchParams(new FormData(event.target)) });
    renew(await parsed(sent), '#answer');
  });`;

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const policy = () =>
  `default-src 'none'; img-src data:; style-src ${hashOf(STYLE)}; script-src ${hashOf(SCRIPT)}; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;

export async function statusPage(
  status: StatusPage,
  form?: FormResult,
): Promise<{ html: string; policy: string }> {
  const { live, alarms, counts } = status;
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${live.version} live: ${status.name}</title><link rel="icon" href="data:,"><style>${raw(STYLE)}</style></head>
<body>
<header><h1>${status.name}</h1>
<span id="state" data-live class="${status.ready && alarms.length === 0 ? 'good' : 'bad'}">${
    status.ready ? (alarms.length === 0 ? 'all well' : 'needs a look') : 'not ready'
  }</span>
<span id="time" data-live class="note">${formatTime(status.time)}</span>
<nav><a href="/reports/">reports</a> · <a href="/docs">API</a> · <a href="/metrics">metrics</a> · <a href="/model_info">model</a></nav></header>
<main>
<div id="alarms" data-live class="wide">${
    alarms.length === 0
      ? ''
      : html`<section class="alarm" role="alert"><h2>Needs a look</h2><ul>${alarms.map((alarm) => html`<li>${alarm}</li>`)}</ul></section>`
  }</div>

<section aria-labelledby="live-title"><h2 id="live-title">Live</h2><div id="live" data-live>
<p class="big">${live.version}</p>
${trafficBar(status.traffic)}
<dl>
<dt>Traffic</dt><dd>${status.traffic.map(({ version, percent }) => `${version} ${percent} %`).join(' · ')}${
    status.shadow.length === 0 ? '' : ` · shadow: ${status.shadow.join(', ')}`
  }</dd>
<dt>Model</dt><dd>${live.algorithm}, data ${live.data}${live.simulated ? html` <strong>(simulated)</strong>` : ''}</dd>
<dt>sha256</dt><dd><code>${live.sha256}</code></dd>
<dt>Since</dt><dd>${formatTime(live.since)}</dd>
<dt>By</dt><dd>${live.actor || '–'}</dd>
<dt>Why</dt><dd>${live.reason}</dd>
</dl></div></section>

<section aria-labelledby="requests-title"><h2 id="requests-title">Requests since the start</h2><div id="requests" data-live>${requestTable(counts)}</div></section>

${status.cards.map(
  ({ id, title, body }) =>
    html`<section aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2><div id="${id}" data-live>${body}</div></section>
`,
)}
<section aria-labelledby="try-title"><h2 id="try-title">Try a row</h2>
<form method="post" action="/">${status.signature.inputs.map((input) =>
    field(
      input,
      form?.values[input.name] ?? String(status.signature.example[input.name] ?? ''),
      problemOf(form, input.name),
    ),
  )}<button>Predict</button></form>
<p class="note">Put on record like every other prediction.</p>
<div id="answer" aria-live="polite">${answerPart(form, status)}</div></section>

<section class="wide" aria-labelledby="deployments-title"><h2 id="deployments-title">Recent deployments</h2><div id="deployments" data-live>${eventTable(status.deployments, 'nothing yet')}</div></section>
<section class="wide" aria-labelledby="decisions-title"><h2 id="decisions-title">Recent decisions to retrain</h2><div id="decisions" data-live>${eventTable(status.decisions, 'none yet: make retrain decides')}</div></section>
</main>
<script>${raw(SCRIPT)}</script>
</body></html>`;
  return { html: String(await page), policy: policy() };
}

/** Shares side by side; attributes, since the page's policy allows no style in an element. */
function trafficBar(traffic: StatusPage['traffic']) {
  const label = `Traffic: ${traffic.map(({ version, percent }) => `${version} ${percent} %`).join(', ')}`;
  let from = 0;
  const parts = traffic.map(({ percent }, i) => {
    const part = html`<rect x="${from}" width="${percent}" height="10" fill="currentColor" opacity="${i === 0 ? 1 : 0.8 / (i + 1)}"/>`;
    from += percent;
    return part;
  });
  return html`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="${label}">${parts}</svg>`;
}

function requestTable({ requests, predictions, refused, failed, p50, p95 }: RequestCounts) {
  const rows: [string, string][] = [
    ['Requests to /predict', formatCount(requests)],
    ['Rows predicted', formatCount(predictions)],
    ['Refused (4xx)', formatCount(refused)],
    ['Failed (5xx)', formatCount(failed)],
    ['Half answered within', p50 === null ? '–' : `${p50} ms`],
    ['95 % answered within', p95 === null ? '–' : `${p95} ms`],
  ];
  return html`<table>${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td class="n">${value}</td></tr>`)}</table>`;
}

function eventTable(lines: readonly EventLine[], none: string) {
  if (lines.length === 0) return html`<p>${none}</p>`;
  return html`<table class="events"><tr><th scope="col">When</th><th scope="col">Event</th><th scope="col">What</th><th scope="col">Why</th></tr>${lines.map(
    ({ time, event, what, why }) =>
      html`<tr><td class="when">${formatTime(time)}</td><td>${event}</td><td>${what}</td><td>${why}</td></tr>`,
  )}</table>`;
}

function field(
  { name, unit, range, categories, nullable }: SignatureInput,
  value: string,
  problem: string | undefined,
) {
  const id = `field-${name.replace(/\W+/g, '-')}`;
  const hint =
    categories === undefined && range !== undefined
      ? `${range[0]} to ${range[1]}${unit ? ` ${unit}` : ''}`
      : (unit ?? '');
  const about = problem ?? hint;
  const invalid = problem === undefined ? 'false' : 'true';
  const control =
    categories === undefined
      ? html`<input id="${id}" name="${name}" inputmode="decimal" value="${value}" aria-invalid="${invalid}" aria-describedby="${id}-about">`
      : html`<select id="${id}" name="${name}" aria-invalid="${invalid}" aria-describedby="${id}-about">${[
          ...categories,
          ...(nullable ? [''] : []),
        ].map(
          (category) =>
            html`<option value="${category}" ${category === value ? raw('selected') : ''}>${category || '(missing)'}</option>`,
        )}</select>`;
  return html`<label for="${id}">${name}${control}<small id="${id}-about" class="${problem === undefined ? '' : 'bad'}">${about}</small></label>`;
}

function problemOf(form: FormResult | undefined, name: string): string | undefined {
  if (form === undefined || !('problems' in form.answer)) return undefined;
  return form.answer.problems.find(({ field: wrong }) => wrong === name)?.problem;
}

function answerPart(form: FormResult | undefined, { signature, thresholds }: StatusPage) {
  if (form === undefined) return '';
  if ('problems' in form.answer)
    return html`<ul>${form.answer.problems.map(({ field: wrong, problem }) => html`<li class="bad">${wrong} ${problem}</li>`)}</ul>`;
  const { probability, class: label, probabilities, model, id } = form.answer;
  const besides =
    probabilities === undefined
      ? `threshold ${thresholds[0]!.toFixed(4)}`
      : Object.entries(probabilities)
          .filter(([name]) => name !== label)
          .sort(([, a], [, b]) => b - a)
          .map(([name, p]) => `${name} ${p.toFixed(4)}`)
          .join(', ');
  return html`<p><span class="big">${label}</span> ${signature.output.target}: probability ${probability.toFixed(4)}, ${besides}</p>
<p class="note">${model} · id <code>${id}</code> · <code>make trace ID=${id}</code></p>`;
}
