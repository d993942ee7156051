/** What a version looks at: Shapley values of many rows, permutation importance and partial dependence, as JSON, page and pictures. */
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { writePicture } from '../../../lib/page/picture.ts';
import { loadVersion } from '../../../lib/registry/load.ts';
import { step, versionOrTrained } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { explainRows, partialDependence, permutationImportance } from '../global.ts';
import { type ExplainPage, explainPage, type Pictures } from '../page.ts';
import {
  beeswarmPicture,
  dependencePicture,
  importancePicture,
  partialPicture,
  permutationPicture,
} from '../pictures.ts';
import { explainSection } from '../settings.ts';
import { rowsToExplain, versionExplainer } from '../version.ts';

const DEPENDENCES = 4;

step({ chapters, args: { VERSION: versionOrTrained } }, async (project, { VERSION: version }) => {
  const { config, path } = project;
  const loaded = loadVersion(project, version);
  const { outputs, classes } = loaded.signature.output;
  const explainer = versionExplainer(project, loaded);
  const rows = rowsToExplain(project, loaded, sectionOf(config, explainSection).rows);

  const explained = explainRows(
    { pipeline: loaded.pipeline, explainer, outputs: outputs.length },
    rows.inputs,
  );
  const truth = { classes: classes.length, labels: rows.target };
  const permutation = permutationImportance(loaded, rows.inputs, truth, config.model_params.random_state);
  const isInput = (name: string) => loaded.pipeline.inputs.includes(name);
  const partial = explained.names
    .filter(isInput)
    .slice(0, DEPENDENCES)
    .map((name) => partialDependence(loaded, rows.inputs, config.schema, name));

  const { space } = explainer;
  const file = (name: string) =>
    name
      .replace(/[^a-z0-9]+/gi, '_')
      .replace(/^_|_$/g, '')
      .toLowerCase();
  const dependences = explained.names.slice(0, DEPENDENCES).map((name, place) => ({
    file: `dependence_${place + 1}_${file(name)}`,
    title: `How ${name} contributes${outputs.length === 1 ? '' : ` to ${outputs[0]}`}`,
    picture: dependencePicture(explained, place, 0, space, config.schema[name]?.categories),
  }));
  const pictures: Pictures = [
    { file: 'importance', title: 'Importance', picture: importancePicture(explained, outputs, space) },
    ...outputs.map((name, output) => ({
      file: outputs.length === 1 ? 'beeswarm' : `beeswarm_${output + 1}_${file(name)}`,
      title: `Contributions to ${name}, row by row`,
      picture: beeswarmPicture(explained, output, name, space),
    })),
    ...dependences,
    ...partial.map((each, place) => ({
      file: `partial_${place + 1}_${file(each.name)}`,
      title: `Mean prediction as ${each.name} varies`,
      picture: partialPicture(each, outputs),
    })),
    { file: 'permutation', title: 'What shuffling a column costs', picture: permutationPicture(permutation) },
  ];
  const page: ExplainPage = {
    version,
    sha256: loaded.sha256,
    algorithm: loaded.metadata.algorithm,
    space,
    method: explainer.method,
    rows: { count: rows.inputs.rows, path: rows.path },
    outputs,
    importance: explained.names.map((name, i) => ({ name, mean_abs: explained.importance[i]! })),
    permutation,
  };
  const folder = (...parts: string[]) => path(config.paths.reports, `explain_${version}`, ...parts);
  for (const { file: name, picture } of pictures) writePicture(folder(name), picture);
  writeAtomic(folder('explanation.json'), json({ ...page, partial }));
  writeAtomic(folder('index.html'), await explainPage(page, pictures));

  const total = (each: readonly number[]) => each.reduce((a, b) => a + b, 0);
  const share = (i: number) => total(explained.importance[i]!) / total(explained.importance.map(total));
  const top = explained.names.slice(0, 4).map((name, i) => `${name} ${(100 * share(i)).toFixed(0)} %`);
  say(
    'explain',
    `${version}  ${top.join(' · ')} of what moves its ${space}`,
    `${rows.inputs.rows} rows of ${rows.path}, ${explainer.method.replace('_', ' ')}; every row adds up`,
    folder('index.html'),
  );
});
