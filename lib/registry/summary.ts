/** Every version with what points at it. */
import { readPointers } from './pointer-files.ts';
import { type Stage, stageOf, usesOf } from './pointers.ts';
import { listVersions, type Metadata, type Registry, readMetadata } from './versions.ts';

export interface VersionSummary {
  readonly version: string;
  readonly stage: Stage;
  /** Aliases, shares of the traffic and shadowing. */
  readonly uses: readonly string[];
  readonly metadata: Metadata;
}

/** Oldest first. */
export function summarise(registry: Registry): VersionSummary[] {
  const pointers = readPointers(registry);
  return listVersions(registry).map((version) => ({
    version,
    stage: stageOf(pointers, version),
    uses: usesOf(pointers, version),
    metadata: readMetadata(registry, version),
  }));
}
