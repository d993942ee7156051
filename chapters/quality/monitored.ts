/** The stream judged by the rules that make sense of it: the inputs of the window's predictions, as a table. */
import { html } from 'hono/html';
import type { Monitored, MonitoredPart } from '../../lib/chapter.ts';
import { sectionOf } from '../../lib/config/parse.ts';
import { namedColumns } from '../../lib/config/roles.ts';
import { tableOf } from '../../lib/page/page.ts';
import type { Project } from '../../lib/project.ts';
import { columnOf } from '../../lib/watch/columns.ts';
import { formatCount } from '../../lib/words.ts';
import { BLOCK_ROWS } from './block.ts';
import { profileBefore, readHistory } from './history.ts';
import { markOf } from './page.ts';
import { columnsOf } from './row-judge.ts';
import { EXPECTATIONS, qualitySection } from './settings.ts';
import { openSuite, type RuleResult } from './suite.ts';

export function watchQuality(project: Project, { loaded, window }: Monitored): MonitoredPart {
  const { predictions } = window;
  // How many rows a window has, and whether they are sorted, is chosen by the settings of monitoring.
  const rules = sectionOf(project.config, qualitySection).expectations.filter(
    ({ expect }) =>
      EXPECTATIONS[expect]!.kind !== 'table' && expect !== 'table_row_count_to_change_by_at_most',
  );
  if (rules.length === 0 || predictions.length === 0) return {};
  const columns = columnsOf(loaded.signature);
  const all = namedColumns(project.config.schema);
  const before = profileBefore(readHistory(project), undefined);
  const suite = openSuite(rules, { columns, all, before, now: new Date(), onFailure() {} });
  const values = loaded.signature.inputs.map((input) => columnOf(predictions, input));
  for (let from = 0; from < predictions.length; from += BLOCK_ROWS) {
    const rows = Math.min(BLOCK_ROWS, predictions.length - from);
    suite.take({
      columns,
      rows,
      places: Float64Array.from({ length: rows }, (_, i) => from + i + 1),
      values: values.map((column) => column.subarray(from, from + rows)),
      texts: columns.map(() => undefined),
      problems: [],
    });
  }
  const results = suite.results().filter(({ verdict }) => verdict !== 'inconclusive');
  const failing = results.filter(({ verdict }) => verdict === 'fail');
  return {
    facts: {
      quality: results.map(({ rule, verdict, judged, failing: rows, observed }) => ({
        rule,
        verdict,
        judged,
        failing: rows,
        observed,
      })),
    },
    page: html`<h2>Expectations</h2>
<p class="note">Of the inputs of these predictions, by chapters.quality.expectations.</p>
${tableOf(
  ['Rule', '#failing', 'Verdict'],
  results.map((result) => [result.rule, ofRows(result), markOf(result)]),
)}`,
    said:
      failing.length === 0
        ? []
        : [
            [
              'quality',
              failing.map((result) => `${result.rule} does not hold: ${ofRows(result)}`).join(' · '),
            ],
          ],
  };
}

function ofRows({ failing, judged, observed }: RuleResult): string {
  return observed ?? `${formatCount(failing)} of ${formatCount(judged)}`;
}
