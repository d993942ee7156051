/** Production in windows of event time: prints the latest and makes reports/windows.html; with AT says why one holds what it holds. */
import { join } from 'node:path';
import { chapters } from '../lib/door.ts';
import { badInput } from '../lib/fault.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { heading, table, text, toHtml } from '../lib/page/blocks.ts';
import type { Project } from '../lib/project.ts';
import { optional, step, time } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';
import { errorsIn, quantileOf, type Summary } from '../lib/watch/summary.ts';
import { firedWindows, followWindows, planOf } from '../lib/watch/window-log.ts';
import type { OpenWindow, WindowPlan, WindowState } from '../lib/watch/windows.ts';
import { formatCount, formatMany, formatTime } from '../lib/words.ts';

const SHOWN = 24;

step({ chapters, args: { AT: time('AT'), WHY: optional } }, async (project, { AT, WHY }) => {
  if (WHY !== undefined && AT === undefined)
    throw badInput('which window? make explain-window AT=2026-11-20T10:00Z');
  const plan = planOf(project.config.monitoring);
  const state = followWindows(project.ledgers, plan, Date.now());
  if (AT === undefined) await show(project, plan, state);
  else explain(project, plan, state, AT);
});

async function show(project: Project, plan: WindowPlan, state: WindowState<Summary>): Promise<void> {
  const fired = firedWindows(project.ledgers, plan);
  const open = state.open.filter(({ revision }) => revision === 0);
  const rows = [
    ...fired.map((window) => rowOf(window, window.revision === 1 ? 'fired' : `revision ${window.revision}`)),
    ...open.map((window) => rowOf(window, 'open')),
  ].sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
  if (rows.length === 0) {
    say('windows', 'no predictions yet: nothing can be said');
    return;
  }
  for (const [from, to, version, count, errors, latency, how] of rows.slice(-SHOWN))
    console.log(`${from} – ${to}   ${version}   ${count} rows   errors ${errors}   p95 ${latency}   ${how}`);
  say('windows', standing(state), `${join(project.reports, 'windows.html')}`);
  const page = await toHtml(`Windows of ${project.config.project_name}`, [
    heading(1, 'Production in windows'),
    text(`${describe(plan)}, by the time of the requests (UTC): ${standing(state)}.`),
    table(['From', 'To', 'Version', '#Rows', 'Errors', '#p95', 'How it stands'], rows.reverse()),
  ]);
  writeAtomic(join(project.reports, 'windows.html'), page);
}

function rowOf({ key, start, end, value }: OpenWindow<Summary>, how: string): string[] {
  const { labelled, wrong } = errorsIn(value);
  const latency = quantileOf(value.latency, 0.95);
  return [
    stamp(start),
    stamp(end),
    key,
    formatCount(value.rows),
    labelled === 0
      ? 'no truth yet'
      : `${((wrong / labelled) * 100).toFixed(2)} % of ${formatCount(labelled)}`,
    latency === undefined ? '–' : `${latency.toFixed(2)} ms`,
    how,
  ];
}

function stamp(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ');
}

function describe({ kind, size, slide, gap }: WindowPlan): string {
  const minutes = (ms: number) => formatMany(ms / 60_000, 'minute');
  if (kind === 'tumbling') return `Tumbling windows of ${minutes(size)}`;
  if (kind === 'sliding') return `Sliding windows of ${minutes(size)}, a new one every ${minutes(slide)}`;
  return `Sessions, ended by ${minutes(gap)} of silence`;
}

function standing({ watermark, late, open }: WindowState<Summary>): string {
  const lost = Object.values(late).reduce((sum, count) => sum + count, 0);
  const until =
    watermark === null
      ? 'nothing was read'
      : `all is there until ${formatTime(new Date(watermark).toISOString())}`;
  const waiting = open.filter(({ revision }) => revision === 0).length;
  return `${until}; ${formatMany(waiting, 'window')} open, ${formatMany(lost, 'event')} later than is allowed`;
}

/** Why the windows that hold a time hold what they hold. */
function explain(project: Project, plan: WindowPlan, state: WindowState<Summary>, at: number): void {
  const holds = ({ start, end }: OpenWindow<Summary>) => start <= at && at < end;
  const fired = firedWindows(project.ledgers, plan).filter(holds);
  const open = state.open.filter((window) => holds(window) && window.revision === 0);
  if (fired.length + open.length === 0) {
    say('windows', `no window holds ${formatTime(new Date(at).toISOString())}: ${standing(state)}`);
    return;
  }
  for (const window of [...fired, ...open]) {
    const [from, to, version, count, errors] = rowOf(window, '');
    const closes = window.end + plan.lateness;
    say(
      'window',
      `${from} – ${to}   ${version}   ${count} rows, ${formatCount(window.value.refused)} refused, errors ${errors}`,
      window.revision === 0
        ? `open: it fires once all before ${to} is there`
        : `fired ${window.revision === 1 ? 'once' : `${window.revision} times, each in place of the one before`}: truth and requests that came later are in it`,
      state.watermark !== null && state.watermark >= closes - 1
        ? 'closed: what comes for it now is counted as late'
        : `takes what comes late until all before ${stamp(closes)} is there`,
    );
  }
  say('windows', standing(state));
  for (const [name, { latest, isIdle }] of Object.entries(state.partitions))
    say(
      '',
      `${name}: latest ${formatTime(new Date(latest).toISOString())}${isIdle ? ', all of it read' : ', holds the others back'}`,
    );
}
