/** Where a version fails, in training and in production, and what the change of its errors comes from. */
import type { Dataset } from '../../../lib/data/dataset.ts';
import { parseTime } from '../../../lib/data/time.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { columnOf as columnOfMatrix } from '../../../lib/numbers/matrix.ts';
import type { Project } from '../../../lib/project.ts';
import { recentPredictions } from '../../../lib/record/predictions.ts';
import { followTruth, truthOf } from '../../../lib/record/truth.ts';
import { type LoadedVersion, loadVersion } from '../../../lib/registry/load.ts';
import { optional, step, versionOrTrained } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { columnOf, entitiesOf } from '../../../lib/watch/columns.ts';
import { type Observed, observe } from '../../../lib/watch/window.ts';
import { formatCount, formatInterval } from '../../../lib/words.ts';
import { type Period, splitChange } from '../change.ts';
import { points, type SlicesReport, slicesPage } from '../page.ts';
import { cutNumbers, partCategories, partNumbers, type Worst, worstSlices } from '../slice.ts';
import { MIN_ROWS, optionsOf, trainingSlices } from '../training.ts';

/** Of production, the latest so many predictions. */
const LATEST = 200_000;
const SAID = 3;

step(
  { chapters, args: { VERSION: versionOrTrained, SINCE: optional } },
  async (project, { VERSION: version, SINCE }) => {
    const since = SINCE === undefined ? undefined : parseTime(SINCE, 'iso');
    if (SINCE !== undefined && since === undefined)
      throw badInput(`SINCE=${SINCE}: no time such as 2026-11-20T10:00Z`);
    const loaded = loadVersion(project, version);
    const report = slicesOf(project, loaded, since === undefined ? undefined : new Date(since).toISOString());
    const file = (ending: string) =>
      project.path(project.config.paths.reports, `slices_${version}.${ending}`);
    writeAtomic(file('json'), json({ version, sha256: loaded.sha256, ...report }));
    writeAtomic(file('html'), await slicesPage(version, loaded.sha256, report));
    sayWorst(`${version}  training, out of fold`, report.training);
    if (report.production !== null) sayWorst('production', report.production);
    for (const { name, change, mix, within } of report.change?.by.slice(0, 1) ?? [])
      say(
        'change',
        `errors ${points(change)} from ${report.change!.before} to ${report.change!.after}; by ${name}: ${points(mix)} from other rows, ${points(within)} among the same`,
      );
    say('', file('html'));
  },
);

function slicesOf(project: Project, loaded: LoadedVersion, since: string | undefined): SlicesReport {
  const { version } = loaded;
  const { data, trained, worst: training } = trainingSlices(project, loaded);
  const options = optionsOf(project);
  const stream = followTruth(project.ledgers);
  const { predictions } = recentPredictions(stream, { versions: [version], size: LATEST });
  const truth = truthOf(
    project.ledgers,
    predictions.map(({ id }) => id),
  );
  const known = observe(predictions, truth).filter(({ label }) => label !== undefined);
  const later = since === undefined ? known : known.filter(({ time }) => time >= since);
  const produced = periodOf(later, data, loaded);
  const earlier =
    since === undefined
      ? trained
      : periodOf(
          known.filter(({ time }) => time < since),
          data,
          loaded,
        );
  const isBoth = later.length >= MIN_ROWS && earlier.wrong.length >= MIN_ROWS;
  return {
    training,
    production:
      later.length < 2 * MIN_ROWS
        ? null
        : worstSlices(produced.cuts, produced.wrong, { ...options, entities: entitiesOf(later) }),
    change: isBoth
      ? {
          before: since === undefined ? 'training' : `before ${since}`,
          after: since === undefined ? 'production' : 'after',
          by: splitChange(earlier, produced),
        }
      : null,
  };
}

/** Logged rows, cut where training was. */
function periodOf(lines: readonly Observed[], { inputs }: Dataset, { signature }: LoadedVersion): Period {
  const cuts = signature.inputs.map((input, f) => {
    const column = columnOf(lines, input);
    return input.categories === undefined
      ? partNumbers(cutNumbers(input.name, columnOfMatrix(inputs, f)), column)
      : partCategories(input.name, input.categories, column);
  });
  return { cuts, wrong: Uint8Array.from(lines, ({ label, class: given }) => Number(label !== given)) };
}

function sayWorst(where: string, { slices, looked, rows, errors }: Worst): void {
  const found = slices.filter(({ beyond }) => beyond.low > 0);
  say(
    'slices',
    `${where}: ${formatCount(rows)} rows, error rate ${formatInterval(errors)}; ${found.length === 0 ? `none of ${formatCount(looked)} slices is shown to be worse` : `the worst of ${formatCount(looked)}:`}`,
    ...found
      .slice(0, SAID)
      .map(
        ({ name, rows: count, errors: own, beyond }) =>
          `${name}   ${formatCount(count)} rows, ${formatInterval(own)}, ${formatInterval(beyond)} beyond the rest`,
      ),
  );
}
