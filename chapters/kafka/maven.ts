/** Archives of Java programs, by Maven. */
import { spawnSync } from 'node:child_process';
import { failed } from '../../lib/fault.ts';

/** Copies what a pom.xml depends on into a folder; fails with what Maven says. */
export function fetchArchives(pom: string, folder: string): void {
  const { status, stdout, stderr } = spawnSync(
    'mvn',
    [
      '-q',
      '-B',
      '-f',
      pom,
      'dependency:copy-dependencies',
      `-DoutputDirectory=${folder}`,
      '-DincludeScope=runtime',
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw failed(`Maven did not bring ${pom}: ${(stdout + stderr).trim().split('\n')[0]}`);
}
