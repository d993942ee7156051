/** What requests were answered from beside what training would have had: the features on record against the join of their time. */
import { html } from 'hono/html';
import type { Monitored, MonitoredPart } from '../../lib/chapter.ts';
import { sectionOf } from '../../lib/config/parse.ts';
import { tableOf } from '../../lib/page/page.ts';
import type { Project } from '../../lib/project.ts';
import { formatCount, formatPercent } from '../../lib/words.ts';
import { defineView } from './definition.ts';
import { type History, keyOf, readHistory, rowsOf } from './history.ts';
import { BY_ENTITY } from './route.ts';
import { FEATURES, featuresSection } from './settings.ts';

interface Skew {
  readonly feature: string;
  readonly rows: number;
  readonly different: number;
}

/** Predictions that were made from an entity: the features of others were brought along, as of whatever time. */
export function watchSkew(project: Project, { window }: Monitored): MonitoredPart {
  const { config } = project;
  const settings = sectionOf(config, featuresSection);
  if (config.data.source !== FEATURES || window.predictions.length === 0) return {};
  const histories = new Map<string, History>();
  const skews: Skew[] = [];
  for (const view of Object.keys(settings.views)) {
    const definition = defineView(settings, view);
    const source = settings.sources[definition.source]!;
    const history = histories.get(definition.source) ?? readHistory(project.path(source.path), source);
    histories.set(definition.source, history);
    const rows = rowsOf(history, definition);
    const out = new Float64Array(definition.names.length);
    const counts = definition.names.map(() => ({ rows: 0, different: 0 }));
    for (const { ids, input, request } of window.predictions) {
      if (request?.startsWith(BY_ENTITY) !== true) continue;
      const values = source.entity.map((name) => ids[name] ?? input[name]);
      if (values.some((value) => value === undefined || value === null)) continue;
      const entity = history.entities.get(keyOf(values.map(String)));
      if (entity === undefined) continue;
      definition.compute(
        rows,
        history.starts[entity]!,
        history.starts[entity + 1]!,
        Number.parseInt(request.slice(BY_ENTITY.length), 10),
        out,
        0,
      );
      for (const [f, name] of definition.names.entries()) {
        if (input[name] === undefined) continue;
        counts[f]!.rows++;
        const given = input[name] === null ? Number.NaN : Number(input[name]);
        if (!Object.is(given, out[f])) counts[f]!.different++;
      }
    }
    for (const [f, feature] of definition.names.entries())
      if (counts[f]!.rows > 0) skews.push({ feature, ...counts[f]! });
  }
  if (skews.length === 0) return {};
  const off = skews.filter(({ different }) => different > 0);
  return {
    facts: { feature_skew: skews },
    page: html`<h2>Features, served and joined</h2>
<p class="note">What was answered from beside what was known at that time by the files of today; a file that came later than the request makes a difference.</p>
${tableOf(
  ['Feature', '#rows', '#different'],
  skews.map(({ feature, rows, different }) => [feature, formatCount(rows), formatPercent(different / rows)]),
)}`,
    said:
      off.length === 0
        ? []
        : [
            [
              'features',
              `served otherwise than joined: ${off.map(({ feature, rows, different }) => `${feature} ${formatPercent(different / rows, 1)}`).join(', ')}`,
            ],
          ],
  };
}
