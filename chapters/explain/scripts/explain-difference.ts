/** What changed between two versions: how much each input moves either, on the same rows. */
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { loadVersion } from '../../../lib/registry/load.ts';
import { step, version } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { explainRows } from '../global.ts';
import { explainSection } from '../settings.ts';
import { rowsToExplain, versionExplainer } from '../version.ts';

const which = version('which two? make explain A=v1 B=v2');

step({ chapters, args: { A: which, B: which } }, (project, { A, B }) => {
  const { config } = project;
  if (A === B) throw badInput(`A and B are the same version, ${A}`);
  const [a, b] = [loadVersion(project, A), loadVersion(project, B)];
  const rows = rowsToExplain(project, b, sectionOf(config, explainSection).rows);
  const sideOf = (loaded: typeof a): Side => {
    const explainer = versionExplainer(project, loaded);
    const outputs = loaded.signature.output.outputs.length;
    const { names, importance } = explainRows({ pipeline: loaded.pipeline, explainer, outputs }, rows.inputs);
    const totals = importance.map((each) => each.reduce((x, y) => x + y, 0));
    const all = totals.reduce((x, y) => x + y, 0);
    return {
      space: explainer.space,
      shares: new Map(names.map((name, i) => [name, { share: totals[i]! / all, rank: i + 1 }])),
    };
  };
  const [of, to] = [sideOf(a), sideOf(b)];
  const names = [...new Set([...to.shares.keys(), ...of.shares.keys()])];
  const changes = names
    .map((name) => ({ name, a: of.shares.get(name) ?? null, b: to.shares.get(name) ?? null }))
    .sort((x, y) => distance(y) - distance(x));
  const path = project.path(config.paths.reports, `explain_${a.version}_${b.version}.json`);
  writeAtomic(
    path,
    json({
      a: a.version,
      b: b.version,
      space: [of.space, to.space],
      rows: { count: rows.inputs.rows, path: rows.path },
      changes,
    }),
  );
  const spaces = of.space === to.space ? of.space : `${of.space}, ${to.space}`;
  say('explain', `share of what moves each version (${spaces}), on ${rows.inputs.rows} rows of ${rows.path}`);
  const shown = (side: { share: number; rank: number } | null) =>
    side === null ? 'not there' : `${(100 * side.share).toFixed(1)} % (${side.rank}.)`;
  for (const { name, a: before, b: after } of changes)
    console.log(
      `  ${name.padEnd(32)} ${a.version} ${shown(before).padStart(14)}   ${b.version} ${shown(after).padStart(14)}`,
    );
  say('', path);
});

interface Side {
  readonly space: string;
  readonly shares: ReadonlyMap<string, { readonly share: number; readonly rank: number }>;
}

function distance({ a, b }: { a: { share: number } | null; b: { share: number } | null }): number {
  return Math.abs((b?.share ?? 0) - (a?.share ?? 0));
}
