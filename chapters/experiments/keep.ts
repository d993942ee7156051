/** Keeps what was tried: a folder that is there whole or not at all, then its line. */
import { rmSync } from 'node:fs';
import { sectionOf } from '../../lib/config/parse.ts';
import { badInput } from '../../lib/fault.ts';
import { git } from '../../lib/files/git.ts';
import { appendLedger, lastEntry } from '../../lib/files/ledger.ts';
import { json, writeFolder } from '../../lib/files/write.ts';
import type { Project } from '../../lib/project.ts';
import type { Ledger } from '../../lib/record/catalogue.ts';
import type { Tried } from '../../lib/registry/tried.ts';
import { formatMany } from '../../lib/words.ts';
import { learningCurve } from './curve.ts';
import { hashOf, idOf, ledgerOf, type Run, runPath } from './run.ts';
import { experimentsSection } from './settings.ts';

const [NOTE_LENGTH, TAG_LENGTH, TAGS] = [500, 40, 10];
/** Of what was changed since the commit; more is cut. */
const DIFF_LENGTH = 200_000;

/** What the one who tries says of it, by the environment: NOTE and TAGS of make. */
export function saidOf(environment: NodeJS.ProcessEnv): Pick<Run, 'note' | 'tags'> {
  const note = plain(environment.NOTE ?? '').slice(0, NOTE_LENGTH);
  const tags = environment.TAGS?.split(',')
    .map((tag) => plain(tag).slice(0, TAG_LENGTH))
    .filter((tag) => tag !== '')
    .slice(0, TAGS);
  return { ...(note ? { note } : {}), ...(tags === undefined || tags.length === 0 ? {} : { tags }) };
}

/** One line without what a terminal would obey, or would write the other way round. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}

/** The same, where it is not too late to say that it is too long. */
export function checkedSaid(said: NodeJS.ProcessEnv): Pick<Run, 'note' | 'tags'> {
  const { NOTE = '', TAGS: given = '' } = said;
  if (NOTE.length > NOTE_LENGTH)
    throw badInput(`NOTE is ${formatMany(NOTE.length, 'character')} long: ${NOTE_LENGTH} at most`);
  const tags = given.split(',');
  if (tags.length > TAGS || tags.some((tag) => tag.trim().length > TAG_LENGTH))
    throw badInput(`TAGS: ${TAGS} of ${TAG_LENGTH} characters at most, with commas between them`);
  return saidOf(said);
}

/** A training does not fail because its run cannot be kept; it is said. */
export function keepRun(project: Project, tried: Tried): void {
  try {
    writeRun(project, tried);
  } catch (error) {
    console.error(`the run could not be kept: ${(error as Error).message}`);
  }
}

export function writeRun(project: Project, tried: Tried): Run {
  const { config } = project;
  const { kind, name, settings, data, code, git: commit, began, spent, outcome } = tried;
  const id = idOf(tried);
  const isDone = !('error' in outcome);
  const ledger = ledgerOf(project);
  const parent = lastOf(ledger, id);
  const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
  const run: Run = {
    id,
    time: began,
    kind,
    ...(name === undefined ? {} : { name }),
    ...(parent === undefined ? {} : { parent }),
    ...(isDone && outcome.version !== undefined ? { version: outcome.version } : {}),
    data: { version: data.version, sha256: data.sha256, rows: data.rows },
    commit: commit.commit,
    dirty: commit.dirty,
    code: hashOf(code),
    params: paramsOf(settings),
    settings: hashOf(settings),
    metrics: isDone
      ? Object.fromEntries(
          Object.entries(outcome.metrics).map(([metric, { value, low, high }]) => [
            metric,
            [value, low, high].map((each) => rounded(each, 6)) as [number, number, number],
          ]),
        )
      : {},
    ...(isDone && outcome.log_loss !== undefined ? { log_loss: rounded(outcome.log_loss, 6) } : {}),
    ...(isDone && outcome.folds !== undefined
      ? { folds: { ...outcome.folds, values: [...outcome.folds.values] } }
      : {}),
    seconds: rounded(spent.seconds, 3),
    cpu_seconds: rounded(spent.cpu_seconds, 3),
    megabytes: rounded(spent.megabytes, 1),
    ...(isDone && outcome.bytes !== undefined ? { bytes: outcome.bytes } : {}),
    ...(isDone ? {} : { error: outcome.error.slice(0, NOTE_LENGTH) }),
    ...(kind === 'trial' ? {} : saidOf(process.env)),
  };
  const files: Record<string, string> = {
    'inputs.json': json({ settings, code }),
  };
  const changed =
    kind !== 'trial' && commit.dirty ? git('diff', 'HEAD', '--', ...Object.keys(code)) : undefined;
  if (changed) files['code.diff'] = `${changed.slice(0, DIFF_LENGTH)}\n`;
  if (isDone) {
    const { built, later, validation, version } = outcome;
    if (built !== undefined) files['metrics.json'] = json(built.metrics);
    const curve = built === undefined ? undefined : learningCurve(config, built, later);
    if (curve !== undefined) files['curve.json'] = json(curve);
    const { keep_scores } = sectionOf(config, experimentsSection);
    // A registered version has them already.
    if (validation !== undefined && version === undefined && data.rows <= keep_scores)
      files['validation.csv'] = validation;
  }
  // One that failed before, or was interrupted, is replaced.
  if (kind !== 'trial') writeFolder(runPath(project, id), files);
  appendLedger(ledger.path, ledger.format, [JSON.stringify(run)]);
  return run;
}

/** The last run before, but itself, that was no trial: by the last line alone, however many there are. */
function lastOf(ledger: Ledger, id: string): string | undefined {
  const last = lastEntry(ledger.path, ledger.format);
  if (last === undefined) return undefined;
  const line = JSON.parse(last.body) as Partial<Run>;
  return line.kind === undefined || line.kind === 'trial' || line.id === id ? line.parent : line.id;
}

/** Says something of a run that is there; an empty note, or no tags, take away what was said. */
export function noteRun(project: Project, id: string, said: Pick<Run, 'note' | 'tags'>): void {
  const ledger = ledgerOf(project);
  const parent = lastOf(ledger, '');
  const line = { id, time: new Date().toISOString(), ...said, ...(parent === undefined ? {} : { parent }) };
  appendLedger(ledger.path, ledger.format, [JSON.stringify(line)]);
  // Its page says something else now.
  rmSync(project.path(project.config.paths.reports, 'runs', `${id}.html`), { force: true });
}

/** model_params by their names; what else is a plain value, by its path. */
function paramsOf(settings: Readonly<Record<string, unknown>>): Run['params'] {
  const params: Run['params'] = {};
  const add = (path: string, value: unknown) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [key, each] of Object.entries(value)) add(path === '' ? key : `${path}.${key}`, each);
    else if (Array.isArray(value)) params[path] = JSON.stringify(value).slice(0, 100);
    else params[path] = value as string | number | boolean | null;
  };
  add('', settings.model_params);
  for (const name of ['features', 'evaluation']) add(name, settings[name]);
  return params;
}
