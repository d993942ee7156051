/** Versions of views, by what they compute: a ledger says when each came to be, and manifests say who used it. */
import { join } from 'node:path';
import { csvParseRows } from 'd3-dsv';
import type { Config } from '../../lib/config/schema.ts';
import { csvLine } from '../../lib/files/csv.ts';
import { appendLedger, csvLedger } from '../../lib/files/ledger.ts';
import type { Project } from '../../lib/project.ts';
import { type Ledger, linesOf } from '../../lib/record/catalogue.ts';
import { inputsOf, readManifest } from '../../lib/record/manifest.ts';
import { listVersions, readMetadata } from '../../lib/registry/versions.ts';
import type { Definition } from './definition.ts';

const NAME = 'features';

export interface ViewVersion {
  readonly view: string;
  /** From 1, by view. */
  readonly number: number;
  readonly hash: string;
  readonly since: string;
}

export function viewsLedger({ paths }: Pick<Config, 'paths'>): Ledger {
  return {
    name: NAME,
    path: join(paths.models, 'features.csv'),
    format: csvLedger(['time', 'view', 'version', 'definition']),
  };
}

export function readViewVersions({ ledgers }: Pick<Project, 'ledgers'>): ViewVersion[] {
  return linesOf(ledgers.chapters.find(({ name }) => name === NAME)!).map(({ body }) => {
    const [since = '', view = '', number = '', hash = ''] = csvParseRows(body)[0]!;
    return { view, number: Number(number), hash, since };
  });
}

/** The version of each view as it is defined now; one that is new is put on record. */
export function versionsOf(project: Project, definitions: readonly Definition[]): ViewVersion[] {
  const known = readViewVersions(project);
  const { path, format } = project.ledgers.chapters.find(({ name }) => name === NAME)!;
  return definitions.map(({ view, hash }) => {
    const own = known.filter((each) => each.view === view);
    const found = own.find((each) => each.hash === hash);
    if (found !== undefined) return found;
    const fresh = { view, number: own.length + 1, hash, since: new Date().toISOString() };
    appendLedger(path, format, [csvLine([fresh.since, view, String(fresh.number), hash])]);
    return fresh;
  });
}

/** What a manifest line calls the views of a raw file. */
export function viewsText(versions: readonly ViewVersion[]): string {
  return versions.map(({ view, number, hash }) => `${view}@v${number}:${hash}`).join(',');
}

export interface ViewUser {
  readonly model: string;
  readonly view: string;
  readonly number: number;
}

/** Which models learnt from which version of a view: by the raw file of their data. */
export function usersOf(project: Project): ViewUser[] {
  const manifest = readManifest(project.ledgers);
  return listVersions(project).flatMap((model) => {
    const { data } = readMetadata(project, model);
    const made = manifest.find(({ path, sha256 }) => path === data.path && sha256 === data.sha256);
    const raw = new Set(inputsOf(made ?? {}).map(({ sha256 }) => sha256));
    const line = manifest.find(({ sha256, views }) => views !== undefined && raw.has(sha256 ?? ''));
    return (line?.views ?? '').split(',').flatMap((each) => {
      const [, view, number] = /^([a-z0-9_]+)@v(\d+):/.exec(each) ?? [];
      return view === undefined ? [] : [{ model, view, number: Number(number) }];
    });
  });
}
