/** Every chain and every recorded hash: what is wrong, by name. */
import { existsSync } from 'node:fs';
import type { Project } from '../config/load.ts';
import { describeChanges } from '../config/settings.ts';
import { sha256File } from '../files/hash.ts';
import { type LedgerReading, readLedger } from '../files/ledger.ts';
import { parseLogfmt } from '../files/logfmt.ts';
import { isRoutedRight } from '../serve/split.ts';
import { allLedgers } from './ledgers.ts';
import { readManifest } from './manifest.ts';
import { readPointers, recordedPointers } from './pointer-files.ts';
import { NO_TRAFFIC, type Pointers } from './pointers.ts';
import { droppedFiles } from './retention.ts';
import { listVersions, readMetadata, verifyVersion } from './versions.ts';

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

export function audit(project: Project): Audit {
  const ledgers = allLedgers(project);
  const readings = new Map(
    ledgers.map((ledger) => [ledger.name, { ...ledger, reading: readLedger(ledger.path, ledger.format) }]),
  );
  const problems = [...readings.values()].flatMap(({ reading }) => reading.problems);
  const anchors = anchorsOf(project, readings);
  const dropped = droppedFiles(project);
  for (const { from, name, head } of anchors) {
    const ledger = readings.get(name);
    if (ledger === undefined && dropped.has(name)) continue;
    if (ledger === undefined) problems.push(`${from} records the head of ledger ${name}, which is gone`);
    else if (!ledger.reading.lines.some(({ chain }) => chain === head)) {
      problems.push(
        `${ledger.path}  its tail was cut or rewritten: the line with chain ${head}, which ${from} records, is gone`,
      );
    }
  }
  const artefacts = latestArtefacts(project);
  for (const { path, sha256 } of artefacts) {
    const file = project.path(path!);
    if (!existsSync(file)) problems.push(`${file} is recorded in the manifest and missing`);
    else if (sha256File(file) !== sha256)
      problems.push(`${file} does not match the sha256 that the manifest records`);
  }
  const versions = listVersions(project);
  for (const version of versions) problems.push(...verifyVersion(project, version));
  for (const { body } of readings.get('models')!.reading.lines) {
    const { version } = parseLogfmt(body);
    if (!versions.includes(version!))
      problems.push(`model version ${version} is registered and its folder is missing`);
  }
  problems.push(...routingProblems(readings), ...pointerProblems(project));
  const lines = [...readings.values()].reduce((sum, { reading }) => sum + reading.lines.length, 0);
  return {
    checked: {
      ledgers: readings.size,
      lines,
      anchors: anchors.length,
      artefacts: artefacts.length,
      versions: versions.length,
    },
    problems,
  };
}

/** Every prediction under a split came from the version that its key draws. */
function routingProblems(readings: ReadonlyMap<string, { path: string; reading: LedgerReading }>): string[] {
  return [...readings].flatMap(([name, { path, reading }]) =>
    name.startsWith('predictions/')
      ? reading.lines
          .filter(({ body }) => body.includes('"split":"') && !isRoutedRight(JSON.parse(body)))
          .map(
            ({ number }) =>
              `${path}:${number}  was not answered by the version that its key and the split draw`,
          )
      : [],
  );
}

/** Traffic that was never moved and traffic that was moved back to nothing are the same. */
function withTraffic(pointers: Pointers): Pointers {
  return { ...pointers, traffic: pointers.traffic ?? NO_TRAFFIC };
}

/** Every pointer is where the deployment log says that it was moved to. */
function pointerProblems(project: Project): string[] {
  try {
    return describeChanges(withTraffic(recordedPointers(project)), withTraffic(readPointers(project))).map(
      (change) => `a pointer is not where the deployment log left it: ${change}. make doctor puts it back`,
    );
  } catch (error) {
    return [(error as Error).message];
  }
}

interface Anchor {
  /** What recorded the head. */
  readonly from: string;
  readonly name: string;
  readonly head: string;
}

/** Heads of ledgers as other ledgers and the versions' metadata recorded them. */
function anchorsOf(
  project: Project,
  readings: ReadonlyMap<string, { path: string; reading: LedgerReading }>,
): Anchor[] {
  const parse = (from: string, text: string): Anchor[] =>
    [
      ...text.matchAll(
        /(?<=^|[\s,"])((?:manifest|models|deployments|labels|decisions|dropped|predictions\/[^\s=]+|sensitive\/[^\s=]+))=([0-9a-f]{32})/g,
      ),
    ].map(([, name, head]) => ({ from, name: name!, head: head! }));
  const ofLedgers = ['deployments', 'decisions'].flatMap((name) => {
    const { path, reading } = readings.get(name)!;
    return reading.lines.flatMap(({ number, body }) => parse(`${path}:${number}`, body));
  });
  const ofVersions = listVersions(project).flatMap((version) => {
    try {
      return parse(`${version}/metadata.json`, readMetadata(project, version).heads);
    } catch {
      return [];
    }
  });
  return [...ofLedgers, ...ofVersions];
}

/** The last manifest line of each path; the bad day is made anew when its settings change. */
function latestArtefacts(project: Project) {
  return [...new Map(readManifest(project).map((line) => [line.path, line])).values()];
}
