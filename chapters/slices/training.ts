/** Where a version fails among the rows that it was trained on, out of fold. */
import { type Dataset, readDataset } from '../../lib/data/dataset.ts';
import { groupingsOf } from '../../lib/data/groups.ts';
import { failed } from '../../lib/fault.ts';
import { columnOf } from '../../lib/numbers/matrix.ts';
import type { Project } from '../../lib/project.ts';
import type { LoadedVersion } from '../../lib/registry/load.ts';
import { readValidation } from '../../lib/registry/validation.ts';
import type { Period } from './change.ts';
import { cutNumbers, type Parted, partCategories, partNumbers, type Worst, worstSlices } from './slice.ts';

export const MIN_ROWS = 30;
const SHOWN = 12;

export function optionsOf({ config }: Pick<Project, 'config'>) {
  return { confidence: config.evaluation.confidence, minRows: MIN_ROWS, shown: SHOWN };
}

export function trainingSlices(
  project: Project,
  loaded: LoadedVersion,
): { readonly data: Dataset; readonly trained: Period; readonly worst: Worst } {
  const { config } = project;
  const { metadata, version } = loaded;
  const data = readDataset(project.path(metadata.data.path), config.schema);
  const { labels, given, entities } = readValidation(project, version);
  if (labels.length !== data.target.length)
    throw failed(
      `${metadata.data.path} has other rows than ${version} was trained on: make reproduce VERSION=${version}`,
    );
  const trained: Period = {
    cuts: cutsOfTraining(data, loaded),
    wrong: labels.map((y, row) => Number(y !== given[row])),
  };
  const groups = groupingsOf(data.sensitive, config.schema).map(({ column, groups: names, groupOf }) =>
    partCategories(column, names, Float64Array.from(groupOf)),
  );
  const worst = worstSlices([...trained.cuts, ...groups], trained.wrong, { ...optionsOf(project), entities });
  return { data, trained, worst };
}

function cutsOfTraining({ inputs }: Dataset, { signature }: LoadedVersion): Parted[] {
  return signature.inputs.map(({ name, categories }, f) => {
    const column = columnOf(inputs, f);
    return categories === undefined
      ? partNumbers(cutNumbers(name, column), column)
      : partCategories(name, categories, column);
  });
}
