/** What the status page says of the hours, days and weeks that make monitor has summed up. */
import { html } from 'hono/html';
import type { Html } from '../../lib/page/page.ts';
import type { Project } from '../../lib/project.ts';
import { marksOf, overTimeSteps } from '../../lib/watch/steps.ts';
import { sparkline } from './sparkline.ts';

export function overTimeCard(project: Project): { id: string; title: string; body: Html } {
  const spans = overTimeSteps(project.ledgers, Date.now());
  const marks = marksOf(project.ledgers);
  const lines = spans.flatMap(({ name, steps }) => {
    const known = steps.filter(({ errors }) => errors !== undefined);
    if (known.length < 2) return [];
    const [first, last] = [known[0]!.time.getTime(), known.at(-1)!.time.getTime()];
    const inside = marks
      .map(({ time, what }) => ({ at: (time.getTime() - first) / (last - first), what }))
      .filter(({ at }) => at >= 0 && at <= 1);
    const rates = known.map(({ errors }) => errors! * 100);
    return [sparkline(rates, `Error rate in percent, ${name}`, inside)];
  });
  return {
    id: 'over-time',
    title: 'By the time of the requests',
    body:
      lines.length === 0
        ? html`<p>Less than two hours with their truth: <code>make monitor</code> sums up each.</p>`
        : html`${lines}`,
  };
}
