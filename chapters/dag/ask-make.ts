/** What make knows, without running anything and without what the make around us was told. */
import { spawnSync } from 'node:child_process';
import { failed } from '../../lib/fault.ts';
import type { Project } from '../../lib/project.ts';

/** Which files are products of the project, by where they lie. */
export function isProductOf(project: Project): (file: string) => boolean {
  const { paths, data } = project.config;
  const folders = [paths.models, paths.reports, data.processed_dir, data.production_dir, data.raw_path];
  const products = folders.map((folder) => project.path(folder));
  return (file) => products.some((folder) => file === folder || file.startsWith(`${folder}/`));
}

/** Its database of rules, as they stand for these goals. */
export function rulesNow(config: string, goals: readonly string[]): string {
  return ask(['-pq', '--no-builtin-rules', `CONFIG=${config}`, '--', ...goals]);
}

/**
 * Why each target of some products would be made now: its name, and what is newer than it or "" where it is not there. Not of verbs:
 * make carries out a recipe that starts make again, whatever it is asked.
 */
export function reasonsNow(config: string, products: readonly string[]): [target: string, because: string][] {
  const said = ask(['-n', '--trace', '--no-builtin-rules', `CONFIG=${config}`, '--', ...products]);
  return [
    ...said.matchAll(
      /^[^\s:]+:\d+: (?:update target '([^']+)' due to: (.*)|target '([^']+)' does not exist)$/gm,
    ),
  ].map(([, target, because, missing]) => [target ?? missing!, because ?? '']);
}

function ask(args: readonly string[]): string {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(MAKE|MFLAGS)/.test(name)),
  );
  const { stdout, stderr, status } = spawnSync('make', args, { env, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status === null || status > 1) throw failed(`make does not say its rules: ${stderr.trim()}`);
  return stdout;
}
