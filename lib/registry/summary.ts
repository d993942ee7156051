/** Every version with what points at it. */
import type { Project } from '../config/load.ts';
import { readPointers } from './pointer-files.ts';
import { type Stage, stageOf, usesOf } from './pointers.ts';
import { listVersions, type Metadata, readMetadata } from './versions.ts';

export interface VersionSummary {
  readonly version: string;
  readonly stage: Stage;
  /** Aliases, shares of the traffic and shadowing. */
  readonly uses: readonly string[];
  readonly metadata: Metadata;
}

/** Oldest first. */
export function summarise(project: Project): VersionSummary[] {
  const pointers = readPointers(project);
  return listVersions(project).map((version) => ({
    version,
    stage: stageOf(pointers, version),
    uses: usesOf(pointers, version),
    metadata: readMetadata(project, version),
  }));
}
