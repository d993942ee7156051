/** What git says of the code and the config; 'none' where there is no git. */
import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';

/** What decides what a run does; data, models and ledgers may differ without making the tree dirty. */
const TRACKED = ['Makefile', 'make', 'scripts', 'lib', 'chapters', 'package.json', 'package-lock.json'];

export interface Commit {
  readonly commit: string;
  /** Whether code or config differ from the commit. */
  readonly dirty: boolean;
}

/** Where the code came without its repository, CLOCKWORK_COMMIT says which commit it is. */
export function currentCommit(configPath: string): Commit {
  const told = process.env.CLOCKWORK_COMMIT;
  if (told !== undefined && told !== 'none') return { commit: told, dirty: false };
  const commit = git('rev-parse', 'HEAD');
  if (commit === undefined) return { commit: 'none', dirty: true };
  return { commit, dirty: git('status', '--porcelain', '--', ...TRACKED, configPath) !== '' };
}

/** The commit, marked when the tree was dirty. */
export function describeCommit({ commit, dirty }: Commit): string {
  return commit === 'none' ? commit : `${commit.slice(0, 12)}${dirty ? '-dirty' : ''}`;
}

export function git(...args: string[]): string | undefined {
  const run = spawnSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return run.status === 0 ? run.stdout.trim() : undefined;
}

/** Who runs this: ACTOR from the environment, else the login name. */
export function actor(): string {
  return process.env.ACTOR ?? userInfo().username;
}
