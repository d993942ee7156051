/** Looks at a CSV and writes a project for it: a folder with a copy of the file and a config.yaml that every verb takes. */
import { constants, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, relative } from 'node:path';
import { parseConfig } from '../../../lib/config/parse.ts';
import type { Config, Schema } from '../../../lib/config/schema.ts';
import { datasetOf, takeDataset } from '../../../lib/data/dataset.ts';
import { prepareData } from '../../../lib/data/prepare.ts';
import { chapters, handedIn } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { writeCsv } from '../../../lib/files/csv.ts';
import { temporaryName, writeAtomic } from '../../../lib/files/write.ts';
import { output, required, step } from '../../../lib/step.ts';
import { progress, say } from '../../../lib/terminal.ts';
import { formatCount, formatMany } from '../../../lib/words.ts';
import { type Candidate, type Choice, chooseModel } from '../choose.ts';
import { draftConfig } from '../draft.ts';
import { type Profile, profileFile } from '../profile.ts';
import { type Proposal, proposeSchema } from '../propose.ts';

const CHANGED = 2;
const SHOWN = 8;

const args = {
  CSV: required('which table? make init CSV=path/to/table.csv TARGET=column [DIR=projects/name]'),
  TARGET: required('which column is to be predicted? make init CSV=path/to/table.csv TARGET=column'),
  DIR: output,
};

step({ chapters, args }, async (template, { CSV: csv, TARGET: target, DIR }) => {
  const name =
    basename(csv, extname(csv))
      // Letters that make cannot take as those that they are made of.
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .replaceAll('ß', 'ss')
      .replace(/[^\w.-]+/g, '-')
      .replace(/^[-.]+/, '') || 'table';
  const folder = DIR ?? join('projects', name);
  if (relative('.', folder).startsWith('..') || !/^[\w.@+/][\w./@+-]*$/.test(folder))
    throw badInput(
      `DIR=${folder}: a folder of this one, of letters, digits and . _ - + @ / only, as make needs it`,
    );
  const configPath = join(folder, 'config.yaml');
  if (existsSync(configPath))
    throw badInput(
      `${configPath} is there already: make init overwrites no project. Another DIR=…, or remove it.`,
    );

  const profile = profileFile(csv);
  const proposal = proposeSchema(csv, profile, target);
  const rawPath = join('data', 'raw', `${name}.csv`);
  const draft = {
    name,
    rawPath,
    schema: proposal.schema,
    csv: proposal.csv,
    split: proposal.split,
    maxInvalidRows: proposal.invalid,
    duplicates: proposal.duplicates,
    changes: proposeChanges(proposal.schema),
    baseline: 1 - Math.max(...proposal.classes.map((each) => each.rows)) / profile.rows,
  };
  const plain = draftConfig(template.text, { ...draft, params: {} });
  const choice = await chooseFor(parseConfig(plain, configPath, handedIn('section')), profile);
  const [best] = choice.candidates as [Candidate];
  const text = draftConfig(template.text, { ...draft, params: best.changes });
  parseConfig(text, configPath, handedIn('section'));
  copyWhole(csv, join(folder, rawPath));
  writeAtomic(configPath, text);
  sayProposal(csv, profile.rows, target, proposal);
  sayChoice(choice);
  say(
    'project',
    `${configPath}, its data beside it. Read its schema, mend what was guessed wrong, then`,
    `make all CONFIG=${configPath}`,
  );
});

/** The sampled rows as a table of their own, of which the training rows are cross-validated. */
async function chooseFor(config: Config, { sample, columns }: Profile): Promise<Choice> {
  const folder = mkdtempSync(join(tmpdir(), 'clockwork-init-'));
  const bar = progress('init', 1);
  try {
    const path = join(folder, 'sample.csv');
    writeCsv(
      path,
      columns.map((column) => column.name),
      sample,
    );
    const own = {
      ...config,
      data: { ...config.data, csv: { ...config.data.csv, separator: ',' as const } },
      quality: { ...config.quality, max_invalid_rows: sample.length },
    };
    const { table, train } = prepareData(own, () => path);
    return await chooseModel(own, takeDataset(datasetOf(table, own.schema), train), bar.update);
  } finally {
    bar.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function sayChoice({ candidates, class_shares, folds, rows }: Choice): void {
  const [best, ...others] = candidates as [Candidate, ...Candidate[]];
  const shown = (each: Candidate) => `${each.name} ${each.log_loss.toFixed(3)}`;
  say(
    'model',
    `${best.name}: the lowest log loss of ${candidates.length} candidates in ${folds} folds of ${formatCount(rows)} rows, ${best.log_loss.toFixed(3)}; the class shares have ${class_shares.toFixed(3)}`,
    `others: ${others.map(shown).join(' · ')}`,
    ...(best.log_loss < class_shares
      ? []
      : [
          'No candidate beats the class shares: nothing here foretells the target, and the gate will not let a model live.',
        ]),
  );
}

/** A day that went wrong, for make replay DAY=bad: the first numbers shifted by a quarter of their range. */
function proposeChanges(schema: Schema) {
  return Object.entries(schema)
    .filter(([, { role, range }]) => role === 'input' && range !== undefined)
    .slice(0, CHANGED)
    .map(([column, { range, type }]) => {
      const quarter = (range![1] - range![0]) / 8;
      return {
        column,
        shift: type === 'integer' ? Math.max(1, Math.round(quarter)) : Number(quarter.toPrecision(3)),
      };
    });
}

function copyWhole(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  const temporary = temporaryName(to);
  try {
    copyFileSync(from, temporary, constants.COPYFILE_FICLONE);
    renameSync(temporary, to);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function sayProposal(
  csv: string,
  rows: number,
  target: string,
  { schema, split, classes, checks, left }: Proposal,
): void {
  const columns = Object.values(schema);
  const inputs = columns.filter(({ role }) => role === 'input');
  const categories = inputs.filter(({ type }) => type === 'category').length;
  const percent = (part: number) => `${((100 * part) / rows).toFixed(1)} %`;
  say(
    'init',
    `${csv}   ${formatCount(rows)} rows, ${columns.length} columns: ${formatMany(inputs.length, 'input')} (${formatMany(inputs.length - categories, 'number')}, ${formatMany(categories, 'category', 'categories')})`,
    `${target}: ${classes
      .slice(0, SHOWN)
      .map((each) => `${each.name} ${percent(each.rows)}`)
      .join(
        ' · ',
      )}${classes.length > SHOWN ? ` and ${classes.length - SHOWN} more` : ''}${classes.length === 2 ? `; "${classes[1]!.name}" is taken for the positive one` : ''}`,
    `split: ${split.method === 'chronological' ? `by time, the earlier ${percent(split.train_rows! * rows)} for training` : `stratified, ${percent(split.train_rows! * rows)} for training, since no column is a time`}`,
  );
  if (left.length > 0) say('left out', ...left);
  if (checks.length > 0) say('check', ...checks);
}
