/**
 * Rows that traffic cannot have written: the later rows of the first data version, and held-out production rows that a trusted
 * sender labelled. Whoever invents the rows that a challenger learns and is compared on has no hand in these.
 */
import { existsSync } from 'node:fs';
import { type NamedColumn, rolesOf } from '../../lib/config/roles.ts';
import { type Dataset, datasetOf, readDataset } from '../../lib/data/dataset.ts';
import { PART, PREDICTION, SENDER } from '../../lib/data/prepare.ts';
import { tableBuilder } from '../../lib/data/table.ts';
import { validateFile } from '../../lib/data/validate.ts';
import { badInput } from '../../lib/fault.ts';
import type { Project } from '../../lib/project.ts';
import { labelledFiles } from '../../lib/record/labelled.ts';
import { readManifest } from '../../lib/record/manifest.ts';
import { partPath } from '../../lib/registry/data-versions.ts';
import { giveClasses, type LoadedVersion } from '../../lib/registry/load.ts';
import { compareOn } from '../../lib/watch/harm.ts';
import { formatCount } from '../../lib/words.ts';

/** Why the challenger may not take the place of the first of its rivals; undefined where nothing speaks against it. */
export function objectionTo(
  project: Project,
  rivals: readonly LoadedVersion[],
  challenger: LoadedVersion,
  { margin, trusted }: { readonly margin: number; readonly trusted: readonly string[] },
): string | undefined {
  const first = firstRows(project);
  if (first === undefined)
    return 'cannot be judged on trusted rows: the later rows of the first data version are gone (make prepare VERSION=v1)';
  const taught = taughtRows(project, challenger.metadata.data.version, new Set(trusted));
  for (const { data, of } of [
    { data: first, of: 'later rows of the first data version' },
    ...(taught === undefined ? [] : [{ data: taught, of: 'held-out rows of trusted senders' }]),
  ]) {
    for (const [i, rival] of rivals.entries()) {
      const worse = worseBy(project, rival, challenger, data);
      const than = i === 0 ? '' : `than ${rival.version}, from which retraining came step by step, `;
      if (worse.by > margin)
        return `is worse ${than}by ${worse.by.toFixed(3)} in ${worse.in} on ${formatCount(data.target.length)} ${of}, where ${margin} is allowed: what it learnt may be wrong`;
    }
  }
  return undefined;
}

/** The larger of the falls in the retraining metric and in the share of right answers. */
export function worseBy(
  { config }: Pick<Project, 'config'>,
  champion: LoadedVersion,
  challenger: LoadedVersion,
  data: Dataset,
): { by: number; in: string } {
  const [a, b] = [champion, challenger].map((each) => giveClasses(each, data, config.schema)) as [
    ReturnType<typeof giveClasses>,
    ReturnType<typeof giveClasses>,
  ];
  const rows = { classes: rolesOf(config.schema).target.categories!.length, labels: data.target };
  const { estimate } = compareOn(config, rows, a, b, data.entities);
  const right = ({ given }: typeof a) => given.filter((k, row) => k === data.target[row]).length;
  const falls = [
    { by: -estimate.value, in: config.retraining.metric },
    { by: (right(a) - right(b)) / data.target.length, in: 'accuracy' },
  ];
  return falls.reduce((worst, fall) => (fall.by > worst.by ? fall : worst));
}

function firstRows(project: Project): Dataset | undefined {
  const versions = readManifest(project.ledgers).flatMap(({ version = '' }) =>
    /^v\d+$/.test(version) ? [Number(version.slice(1))] : [],
  );
  const path = project.path(partPath(project, `v${Math.min(...versions)}`, 'test'));
  return existsSync(path) ? readDataset(path, project.config.schema) : undefined;
}

/** Of the newest labelled file of a data version the rows that are held out and that a trusted sender labelled. */
function taughtRows(
  project: Project,
  dataVersion: string,
  trusted: ReadonlySet<string>,
): Dataset | undefined {
  const file = labelledFiles(project.ledgers, dataVersion)?.at(-1);
  if (file === undefined) return undefined;
  const { kept } = rolesOf(project.config.schema);
  const text = (name: string): NamedColumn => ({ name, type: 'text', role: 'id', missing: 'refuse' });
  const own = [PART, PREDICTION, SENDER].map(text);
  const at = kept.map((_, i) => own.length + i);
  const collected = tableBuilder(kept);
  const path = project.path(file.path);
  validateFile(
    path,
    [...own, ...kept],
    (row) => {
      if (row.cell(0) === 'test' && trusted.has(row.cell(2))) collected.add(row, at);
    },
    ({ line, reasons }) => {
      throw badInput(`${path}:${line}  ${reasons[0]}`);
    },
  );
  const table = collected.table();
  return table.rows === 0 ? undefined : datasetOf(table, project.config.schema);
}
