/** What the report on a version says of the inputs it looks at. */
import { sectionOf } from '../../lib/config/parse.ts';
import { type Block, heading, image, table, text } from '../../lib/page/blocks.ts';
import type { Project } from '../../lib/project.ts';
import type { LoadedVersion } from '../../lib/registry/load.ts';
import { explainRows } from './global.ts';
import { importancePicture } from './pictures.ts';
import { explainSection } from './settings.ts';
import { rowsToExplain, versionExplainer } from './version.ts';

const ROWS = 200;
const SHOWN = 10;

export function explainBlocks(project: Project, loaded: LoadedVersion): Block[] {
  const { outputs } = loaded.signature.output;
  const explainer = versionExplainer(project, loaded);
  const rows = rowsToExplain(project, loaded, Math.min(sectionOf(project.config, explainSection).rows, ROWS));
  const explained = explainRows(
    { pipeline: loaded.pipeline, explainer, outputs: outputs.length },
    rows.inputs,
  );
  const totals = explained.importance.map((each) => each.reduce((a, b) => a + b, 0));
  const all = totals.reduce((a, b) => a + b, 0);
  return [
    heading(2, 'What it looks at'),
    text(
      `Mean size of the Shapley values of ${rows.inputs.rows} rows of ${rows.path}, in ${explainer.space}.`,
    ),
    image('importance', 'Importance', importancePicture(explained, outputs, explainer.space)),
    table(
      ['Input', '#share'],
      explained.names.slice(0, SHOWN).map((name, i) => [name, `${((100 * totals[i]!) / all).toFixed(1)} %`]),
    ),
  ];
}
