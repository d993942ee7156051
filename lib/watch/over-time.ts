/** Hours, days and weeks as pictures, with what was released and decided marked on the axis. */
import * as Plot from '@observablehq/plot';
import { html } from 'hono/html';
import { draw } from '../page/draw.ts';
import { figure, type Html } from '../page/page.ts';
import { coloursOf, type Picture } from '../page/picture.ts';
import type { Ledgers } from '../record/catalogue.ts';
import { formatCount } from '../words.ts';
import { type Mark, marksOf, overTimeSteps, type Step } from './steps.ts';

/** A picture for each span; nothing before the first hours are there. */
export function overTime(ledgers: Ledgers, now: number): Html {
  const marks = marksOf(ledgers);
  const pictures = overTimeSteps(ledgers, now).map(
    ({ name, step, steps }) => html`<h3>By ${name}</h3>${figure(picture(steps, step, name, marks))}`,
  );
  return pictures.length === 0
    ? html``
    : html`<h2>By the time of the requests</h2>
<p class="note">Bars: requests, without a scale. Line: errors where the truth is known. Dashed: what was released and decided.</p>${pictures}`;
}

/** Marks that stand nearer than this share of the axis are named together, at the first of them. */
const NEAR = 1 / 8;
const NAMED = 4;

export function labelsOf(marks: readonly Mark[], span: number): Mark[] {
  const groups: { time: Date; names: string[] }[] = [];
  for (const { time, what } of [...marks].sort((a, b) => a.time.getTime() - b.time.getTime())) {
    const group = groups.at(-1);
    if (group === undefined || time.getTime() - group.time.getTime() > span * NEAR)
      groups.push({ time, names: [what] });
    else if (!group.names.includes(what)) group.names.push(what);
  }
  return groups.map(({ time, names }) => {
    const more = names.length > NAMED ? [`${names.length - NAMED} more`] : [];
    return { time, what: [...names.slice(0, NAMED), ...more].join(', ') };
  });
}

function picture(steps: readonly Step[], step: number, name: string, marks: readonly Mark[]): Picture {
  const [first, last] = [steps[0]!.time, new Date(steps.at(-1)!.time.getTime() + step)];
  const inside = marks.filter(({ time }) => time >= first && time <= last);
  const rowsOf = steps.flatMap(({ time, versions }) => versions.map((of) => ({ time, ...of })));
  const known = rowsOf.filter(({ errors }) => errors !== undefined);
  const versions = [...new Set(rowsOf.map(({ version }) => version))];
  const rows = steps.reduce((sum, each) => sum + each.rows, 0);
  const most = Math.max(...steps.map((each) => each.rows), 1);
  const worst = Math.max(0.01, ...known.map(({ errors }) => errors!));
  const labels = labelsOf(inside, last.getTime() - first.getTime());
  const isLate = ({ time }: Mark) =>
    time.getTime() - first.getTime() > (last.getTime() - first.getTime()) / 2;
  const middle = ({ time }: { time: Date }) => new Date(time.getTime() + step / 2);
  return draw(
    {
      width: 800,
      height: 200,
      marginTop: 30,
      x: { label: null, type: 'utc', domain: [first, last] },
      y: { label: 'errors, %', percent: true, domain: [0, worst * 110] },
      color: { domain: versions, range: coloursOf(versions) },
      marks: [
        Plot.rectY(rowsOf, {
          x1: 'time',
          x2: ({ time }: { time: Date }) => new Date(time.getTime() + step),
          y: ({ rows }: { rows: number }) => (rows / most) * worst,
          z: 'version',
          fill: 'version',
          fillOpacity: 0.25,
        }),
        Plot.lineY(known, { x: middle, y: 'errors', z: 'version', stroke: 'version', strokeWidth: 2 }),
        Plot.dot(known, { x: middle, y: 'errors', fill: 'version', r: 2.5 }),
        Plot.ruleX(inside, { x: 'time', strokeDasharray: '3 3' }),
        ...([true, false] as const).map((late) =>
          Plot.text(
            labels.filter((label) => isLate(label) === late),
            { x: 'time', text: 'what', frameAnchor: 'top', dy: -16, textAnchor: late ? 'end' : 'start' },
          ),
        ),
        Plot.ruleY([0]),
      ],
    },
    `Errors of ${versions.join(', ')} by ${name.slice(0, -1)}, and behind them the number of requests: ${formatCount(rows)} in ${steps.length} ${name}; ${
      inside.map(({ what }) => what).join(', ') || 'nothing was released or decided'
    }`,
    rowsOf,
    versions,
  );
}
