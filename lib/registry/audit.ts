/** Every chain and every recorded hash: what is wrong, by name. */
import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describeChanges } from '../config/settings.ts';
import { sha256File } from '../files/hash.ts';
import { parseFile } from '../files/json-file.ts';
import { type LedgerReading, readLedger } from '../files/ledger-reader.ts';
import { parseLogfmt } from '../files/logfmt.ts';
import { readIfThere } from '../files/write.ts';
import type { Project } from '../project.ts';
import {
  allLogs,
  headsOf,
  type Ledger,
  type Ledgers,
  namedLedgers,
  parseHeads,
} from '../record/catalogue.ts';
import { readDeployments } from '../record/deployments.ts';
import { readIncrements } from '../record/increments.ts';
import { readLabelled } from '../record/labelled.ts';
import { readManifest } from '../record/manifest.ts';
import { monitorProblems } from '../record/monitoring.ts';
import { type Missing, readDropped } from '../record/retention.ts';
import { type Anchor, auditSegments } from './audit-segments.ts';
import { pointersAfter } from './live.ts';
import { readPointers } from './pointer-files.ts';
import { NO_TRAFFIC, type Pointers } from './pointers.ts';
import { latestProblems, listVersions, type Registry, readMetadata, verifyVersion } from './versions.ts';

export interface Audit {
  readonly checked: {
    readonly ledgers: number;
    readonly lines: number;
    readonly anchors: number;
    readonly artefacts: number;
    readonly versions: number;
  };
  readonly problems: readonly string[];
}

/** A check that a chapter adds: what is wrong with what it keeps. */
export type AuditCheck = (project: Project) => readonly string[];

type Read = Ledger & { readonly reading: LedgerReading };

/** `inFull` checks every link of sealed segments too, not their hashes alone. */
export function audit(project: Project, checks: readonly AuditCheck[] = [], inFull = false): Audit {
  const ledgers = readAll(project.ledgers);
  const problems = [...ledgers.values()].flatMap(({ reading }) => reading.problems.map(({ text }) => text));
  /** What rests on a ledger that is damaged is not looked at: the damage is named already. */
  const attempt = <T>(look: () => readonly T[]): readonly T[] => {
    try {
      return look();
    } catch (error) {
      const { message } = error as Error;
      if (!problems.some((problem) => message.startsWith(problem))) problems.push(message);
      return [];
    }
  };
  const versions = listVersions(project);
  const anchors = [
    ...anchorsOf(ledgers),
    ...versions.flatMap((version) => attempt(() => headsIn(project, version))),
    ...auditedHeads(project.reports),
  ];
  const dropped = attempt(() => readDropped(project.ledgers));
  problems.push(...anchorProblems(ledgers, anchors, dropped));
  let segments = { logs: 0, lines: 0 };
  problems.push(
    ...attempt(() => {
      const audited = auditSegments(project.ledgers, anchors, inFull);
      segments = audited;
      return audited.problems;
    }),
  );
  const artefacts = attempt(() => latestArtefacts(project.ledgers));
  for (const { path, sha256, in: where } of artefacts)
    if (
      existsSync(project.path(path)) ||
      !dropped.some((each) => each.name === path && each.sha256 === sha256)
    )
      problems.push(...fileProblems(project.path(path), sha256, where));
  for (const version of versions) problems.push(...attempt(() => verifyVersion(project, version)));
  for (const { body } of ledgers.get('models')!.reading.lines) {
    const { version } = parseLogfmt(body);
    if (version !== undefined && !versions.includes(version))
      problems.push(`model version ${version} is registered and its folder is missing`);
  }
  problems.push(...attempt(() => monitorProblems(project.ledgers, project.reports)));
  for (const check of [pointerProblems, latestProblems, ...checks])
    problems.push(...attempt(() => check(project)));
  const lines = [...ledgers.values()].reduce((sum, { reading }) => sum + reading.lines.length, 0);
  return {
    checked: {
      ledgers: ledgers.size + segments.logs,
      lines: lines + segments.lines,
      anchors: anchors.length,
      artefacts: artefacts.length,
      versions: versions.length,
    },
    problems: [...new Set(problems)],
  };
}

function readAll(ledgers: Ledgers): Map<string, Read> {
  return new Map(
    namedLedgers(ledgers).map((ledger) => [
      ledger.name,
      { ...ledger, reading: readLedger(ledger.path, ledger.format) },
    ]),
  );
}

/** What ledgers and versions record of a folder whose content is not here: files, logs, and ledgers by each recorded head. */
export function missingIn(project: Project, folder: string): Missing[] {
  const ledgers = readAll(project.ledgers);
  const logs = new Map(allLogs(project.ledgers).map(({ name, path }) => [name, path]));
  const isMissing = (path: string) => path.startsWith(`${project.path(folder)}/`) && !existsSync(path);
  const anchors = [
    ...anchorsOf(ledgers),
    ...listVersions(project).flatMap((version) => headsIn(project, version)),
  ];
  const heads = anchors
    .filter(({ name }) =>
      name.includes('/') ? !logs.has(name) : ledgers.has(name) && isMissing(ledgers.get(name)!.path),
    )
    .map(({ name, head }) => ({ name, sha256: '', head }));
  const files = latestArtefacts(project.ledgers)
    .filter(({ path }) => isMissing(project.path(path)))
    .map(({ path, sha256 }) => ({ name: path, sha256, head: '' }));
  return [...new Map([...heads, ...files].map((each) => [`${each.name} ${each.head}`, each])).values()];
}

/** Heads of other ledgers in the last column of those that have one. */
function anchorsOf(ledgers: ReadonlyMap<string, Read>): Anchor[] {
  return ['deployments', 'decisions'].flatMap((ledger) => {
    const { path, reading } = ledgers.get(ledger)!;
    return reading.lines.flatMap(({ number, body }) =>
      parseHeads(body.slice(body.lastIndexOf(',') + 1)).map((each) => ({
        from: `${path}:${number}`,
        ...each,
      })),
    );
  });
}

function headsIn(registry: Registry, version: string): Anchor[] {
  const { heads } = readMetadata(registry, version);
  return parseHeads(heads).map((each) => ({ from: `${version}/metadata.json`, ...each }));
}

/** Ledgers of a chapter that was torn out are not looked for, nor lines that were left behind where the project was carried from. */
function anchorProblems(
  ledgers: ReadonlyMap<string, Read>,
  anchors: readonly Anchor[],
  dropped: readonly Missing[],
): string[] {
  const left = new Set(dropped.map(({ name, head }) => `${name}=${head}`));
  const gone = new Map<string, { path: string; head: string; from: string[] }>();
  for (const { from, name, head } of anchors) {
    const ledger = ledgers.get(name);
    const key = `${name}=${head}`;
    if (ledger === undefined || left.has(key)) continue;
    if (gone.has(key)) gone.get(key)!.from.push(from);
    else if (!ledger.reading.lines.some(({ chain }) => chain === head))
      gone.set(key, { path: ledger.path, head, from: [from] });
  }
  return [...gone.values()].map(({ path, head, from }) => {
    const others = from.length > 2 ? ` and ${from.length - 2} more` : '';
    return `${path}  its tail was cut or rewritten: the line with chain ${head}, which ${from.slice(0, 2).join(', ')}${others} record${from.length === 1 ? 's' : ''}, is gone`;
  });
}

/** What is recorded of a file is its content, so a link to another file is none. */
function fileProblems(path: string, sha256: string, where: string): string[] {
  if (!existsSync(path)) return [`${path} is recorded in ${where} and missing`];
  if (!lstatSync(path).isFile()) return [`${path} is no file of its own, but a link or a folder`];
  return sha256File(path) === sha256 ? [] : [`${path} does not match the sha256 that ${where} records`];
}

/** The last manifest line of each path (the bad day is made anew when its settings change), and labelled files. */
function latestArtefacts(ledgers: Ledgers): { path: string; sha256: string; in: string }[] {
  const made = [...new Map(readManifest(ledgers).map((line) => [line.path, line])).values()];
  const labelled = new Map([...readLabelled(ledgers).values()].flat().map((file) => [file.path, file]));
  return [
    ...made.map(({ path, sha256 }) => ({ path: path!, sha256: sha256!, in: 'the manifest' })),
    ...[...labelled.values()].map((file) => ({ ...file, in: 'labelled.csv' })),
    ...readIncrements(ledgers).map(({ path, sha256 }) => ({ path, sha256, in: 'increments.csv' })),
  ];
}

/** Every pointer is where the deployment log says that it was moved to; never moved and moved back to nothing are the same. */
function pointerProblems(registry: Registry): string[] {
  const withTraffic = (pointers: Pointers) => ({ ...pointers, traffic: pointers.traffic ?? NO_TRAFFIC });
  return describeChanges(
    withTraffic(pointersAfter(readDeployments(registry.ledgers))),
    withTraffic(readPointers(registry)),
  ).map((change) => `a pointer is not where the deployment log left it: ${change}. make doctor puts it back`);
}

const auditSchema = v.object({
  time: v.string(),
  problems: v.array(v.string()),
  heads: v.optional(v.string(), ''),
});

/** What the last audit found each ledger to end with: it is there for ever. A report that is damaged is made again, and says nothing. */
function auditedHeads(reports: string): Anchor[] {
  try {
    const last = lastAudit(reports);
    return parseHeads(last?.heads ?? '').map((each) => ({ from: `the audit of ${last!.time}`, ...each }));
  } catch {
    return [];
  }
}

/** The heads to keep with an audit: of what is cut, what was there is not forgotten. */
export function headsToKeep({ ledgers, reports }: Project, problems: readonly string[]): string {
  if (problems.length === 0) return headsOf(ledgers, '');
  return auditedHeads(reports)
    .map(({ name, head }) => `${name}=${head}`)
    .join(' ');
}

/** Whether the last line of a ledger that the last audit saw is not there any more. */
export function isCutSinceAudit(reports: string, { name, path, format }: Ledger): boolean {
  const audited = auditedHeads(reports).find((each) => each.name === name);
  return audited !== undefined && !readLedger(path, format).lines.some(({ chain }) => chain === audited.head);
}

export function auditPath(reports: string): string {
  return join(reports, 'audit.json');
}

/** What the last make audit found. */
export function lastAudit(reports: string): v.InferOutput<typeof auditSchema> | undefined {
  const path = auditPath(reports);
  const text = readIfThere(path);
  return text === undefined ? undefined : parseFile(path, text, auditSchema);
}
