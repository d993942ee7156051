/** Compares two versions: settings and data that differ, metrics on the same rows, and where they disagree. */
import { existsSync } from 'node:fs';
import { loadProject, type Project } from '../lib/config/load.ts';
import type { MetricName } from '../lib/config/schema.ts';
import { describeChanges } from '../lib/config/settings.ts';
import { readDataset } from '../lib/data/dataset.ts';
import { badInput } from '../lib/fault.ts';
import { compareScores } from '../lib/measure/evaluate.ts';
import { type LoadedVersion, loadVersion, scoreInputs } from '../lib/registry/load.ts';
import { readValidation } from '../lib/registry/validation.ts';
import { formatCount, formatInterval, run, say } from '../lib/terminal.ts';

run(() => {
  const [nameA, nameB] = process.argv.slice(2);
  if (!nameA || !nameB) throw badInput('which two? make compare A=v1 B=v2');
  if (nameA === nameB) throw badInput(`${nameA} and ${nameB} are the same version`);
  const project = loadProject();
  const [a, b] = [loadVersion(project, nameA), loadVersion(project, nameB)];
  const changes = describeChanges(a.metadata.settings, b.metadata.settings);
  if (a.metadata.data.version !== b.metadata.data.version)
    changes.unshift(`data ${a.metadata.data.version} → ${b.metadata.data.version}`);
  say('compare', `${nameA} and ${nameB} differ in: ${changes.join(' · ') || 'nothing that training uses'}`);

  const { labels, scores, rows } = scoresOnSameRows(project, a, b);
  const [of, to] = [a, b].map(({ signature }, i) => ({
    scores: scores[i]!,
    threshold: signature.output.threshold,
  })) as [Scored, Scored];
  const { bootstrap_rounds: rounds, confidence } = project.config.evaluation;
  const seed = project.config.model_params.random_state;
  say('rows', rows);
  for (const [metric, { estimate, verdict }] of Object.entries(
    compareScores(labels, of, to, 0, { rounds, confidence, seed }),
  )) {
    const said = {
      pass: `${nameB} is better or equal`,
      fail: `${nameB} is worse`,
      inconclusive: 'inconclusive: the interval of the difference holds 0',
    }[verdict];
    console.log(
      `  ${(metric as MetricName).padEnd(10)} ${nameB} − ${nameA}: ${formatInterval(estimate)}   ${said}`,
    );
  }
  const agree = labels.reduce(
    (sum, _, i) => sum + (of.scores[i]! >= of.threshold === to.scores[i]! >= to.threshold ? 1 : 0),
    0,
  );
  say('agreement', `${formatCount(agree)} of ${formatCount(labels.length)} rows classed alike`);
  const apart = [...labels.keys()]
    .sort((i, j) => Math.abs(to.scores[j]! - of.scores[j]!) - Math.abs(to.scores[i]! - of.scores[i]!))
    .slice(0, 3);
  for (const i of apart)
    console.log(
      `  row ${i + 1}: ${nameA} ${of.scores[i]!.toFixed(3)}, ${nameB} ${to.scores[i]!.toFixed(3)}, true class ${labels[i]}`,
    );
});

interface Scored {
  scores: Float64Array;
  threshold: number;
}

/** Out-of-fold scores where both trained on the same rows; else both models on the newer one's test rows. */
function scoresOnSameRows(project: Project, a: LoadedVersion, b: LoadedVersion) {
  if (a.metadata.data.sha256 === b.metadata.data.sha256) {
    const [of, to] = [readValidation(project, a.version), readValidation(project, b.version)];
    return {
      labels: of.labels,
      scores: [of.scores, to.scores],
      rows: `out-of-fold scores of the ${formatCount(of.labels.length)} training rows of data ${a.metadata.data.version}`,
    };
  }
  const newer = Number(a.metadata.data.version.slice(1)) > Number(b.metadata.data.version.slice(1)) ? a : b;
  const path = `${project.config.data.processed_dir}/${newer.metadata.data.version}_test.csv`;
  if (!existsSync(project.path(path)))
    throw badInput(`${path} is missing: no rows that neither version was trained on`);
  const { inputs, target } = readDataset(project.path(path), project.config.schema);
  return {
    labels: target,
    scores: [scoreInputs(a, inputs), scoreInputs(b, inputs)],
    rows: `${formatCount(target.length)} rows of ${path}, on which neither was trained`,
  };
}
