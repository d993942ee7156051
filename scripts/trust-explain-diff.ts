/** What changed between two versions: how much each input moves either, on the same rows. */
import { loadProject } from '../lib/config/load.ts';
import { explainRows } from '../lib/explain/global.ts';
import { rowsToExplain, versionExplainer } from '../lib/explain/version.ts';
import { badInput } from '../lib/fault.ts';
import { writeAtomic } from '../lib/files/write.ts';
import { json } from '../lib/registry/json.ts';
import { loadVersion } from '../lib/registry/load.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { run, say } from '../lib/terminal.ts';

run(() => {
  const [nameA, nameB] = process.argv.slice(2);
  if (!nameA || !nameB) throw badInput('which two? make explain-diff A=v1 B=v2');
  const project = loadProject();
  const { config } = project;
  const [a, b] = [nameA, nameB].map((name) => loadVersion(project, resolveVersion(project, name))) as [
    ReturnType<typeof loadVersion>,
    ReturnType<typeof loadVersion>,
  ];
  if (a.version === b.version) throw badInput(`${nameA} and ${nameB} are the same version`);
  const rows = rowsToExplain(project, b, config.explain.rows);
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
