/**
 * Whom a challenger must not be worse than: the champion, and those before it from the last that a person chose. Else many small
 * steps, each within the margin, would lead as far down as somebody who teaches a little every day would like.
 */
import type { Project } from '../../lib/project.ts';
import { type Decided, readDecisions } from '../../lib/record/decisions.ts';
import { type DeploymentLine, readDeployments } from '../../lib/record/deployments.ts';
import { type LoadedVersion, loadVersion } from '../../lib/registry/load.ts';
import { parseMove } from '../../lib/registry/pointers.ts';
import { listVersions } from '../../lib/registry/versions.ts';

/** Versions, the champion first. */
export function championLine(
  deployments: readonly Pick<DeploymentLine, 'event' | 'change'>[],
  decisions: readonly Pick<Decided, 'decision' | 'version'>[],
): string[] {
  const byRetraining = new Set(
    decisions.flatMap(({ decision, version }) => (decision === 'promoted' ? [version] : [])),
  );
  const line: string[] = [];
  for (const { event, change } of [...deployments].reverse()) {
    const move = parseMove(event, change);
    if (move?.event !== 'promotion' && move?.event !== 'rollback') continue;
    if (!line.includes(move.version)) line.push(move.version);
    if (move.event === 'rollback' || !byRetraining.has(move.version)) break;
  }
  return line;
}

/** Those that are still here and take the same inputs; the champion always. */
export function rivalsOf(project: Project, champion: LoadedVersion): LoadedVersion[] {
  const { ledgers } = project;
  const known = new Set(listVersions(project));
  const inputs = ({ signature }: LoadedVersion) => JSON.stringify(signature.inputs.map(({ name }) => name));
  const before = championLine(readDeployments(ledgers), readDecisions(ledgers))
    .filter((version) => version !== champion.version && known.has(version))
    .map((version) => loadVersion(project, version));
  return [champion, ...before.filter((version) => inputs(version) === inputs(champion))];
}
