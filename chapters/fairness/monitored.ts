/** Groups of people in production: by the sensitive columns that came with requests, which the model never sees. */
import { html } from 'hono/html';
import type { Monitored, MonitoredPart } from '../../lib/chapter.ts';
import { sectionOf } from '../../lib/config/parse.ts';
import type { Grouping } from '../../lib/data/groups.ts';
import { mark, tableOf } from '../../lib/page/page.ts';
import type { Project } from '../../lib/project.ts';
import { readSensitive } from '../../lib/record/predictions.ts';
import { scoresOf } from '../../lib/watch/columns.ts';
import { formatInterval } from '../../lib/words.ts';
import { type ColumnFairness, measureFairness } from './measure.ts';
import { fairnessOptions, fairnessRows } from './report.ts';
import { fairnessSection } from './settings.ts';

export function watchGroups(project: Project, seen: Monitored): MonitoredPart {
  const columns = groupsInProduction(project, seen);
  const gaps = columns.flatMap(({ column, gaps: of }) => of.map((gap) => ({ column, ...gap })));
  const wide = gaps.flatMap(({ column, criterion, spread, verdict }) =>
    verdict === 'fail' ? [`${column} (${criterion.replace('_', ' ')} ${spread!.value.toFixed(2)})`] : [],
  );
  return {
    facts: { fairness: columns },
    ...(columns.length === 0
      ? {}
      : {
          page: html`<h2>Groups</h2>
<p class="note">By the sensitive columns that came with requests, which the model never sees. Differences between groups that have enough rows.</p>
${tableOf(
  ['Column', 'Criterion', '#highest − lowest', 'Verdict'],
  gaps.map(({ column, criterion, spread, verdict }) => [
    column,
    criterion.replace('_', ' '),
    spread === null ? '–' : formatInterval(spread),
    mark(verdict, 'within', 'beyond'),
  ]),
)}`,
        }),
    said: wide.length === 0 ? [] : [['', `groups further apart than fairness.max_gap: ${wide.join(', ')}`]],
  };
}

/** Selection needs no truth, the rest does. */
function groupsInProduction(project: Project, { loaded, window }: Monitored): ColumnFairness[] {
  const { classes, outputs } = loaded.signature.output;
  const sensitive = readSensitive(project.ledgers, window.predictions[0]?.time ?? '');
  const known = window.predictions.filter(({ id }) => sensitive.has(id));
  if (known.length === 0) return [];
  const groupings = loaded.signature.sensitive.flatMap(({ name, categories }): Grouping[] => {
    if (categories === undefined) return [];
    const groupOf = Int16Array.from(known, ({ id }) =>
      categories.indexOf(String(sensitive.get(id)![name] ?? '')),
    );
    return [{ column: name, groups: categories, groupOf }];
  });
  const rows = fairnessRows(
    classes,
    sectionOf(project.config, fairnessSection).favourable,
    known.map(({ label }) => (label === undefined ? -1 : classes.indexOf(label))),
    known.map((line) => classes.indexOf(line.class)),
    scoresOf(known, outputs),
  );
  return measureFairness(rows, groupings, fairnessOptions(project.config));
}
