/** What a whole command uses: CPU seconds of it and its children, and the most memory of one of them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Used {
  readonly cpu: number;
  readonly megabytes: number;
  readonly out: string;
}

/** Runs a command, which is waited for by a small program that asks the system what it used. */
export function used(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Used {
  const folder = mkdtempSync(join(tmpdir(), 'clockwork-used-'));
  try {
    const [asked, said] = [join(folder, 'ask.py'), join(folder, 'said')];
    writeFileSync(
      asked,
      'import resource, subprocess, sys\nstatus = subprocess.run(sys.argv[2:]).returncode\nuse = resource.getrusage(resource.RUSAGE_CHILDREN)\nopen(sys.argv[1], "w").write(f"{use.ru_utime + use.ru_stime} {use.ru_maxrss}")\nsys.exit(status)\n',
    );
    const { status, stdout, stderr } = spawnSync('python3', [asked, said, command, ...args], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      ...options,
    });
    if (status !== 0)
      throw new Error(
        `${command} ${args[0]} ended with ${status}: ${stderr.slice(-2000)}${stdout.slice(-500)}`,
      );
    const [cpu = '', kilobytes = ''] = readFileSync(said, 'utf8').split(' ');
    return { cpu: Number(cpu), megabytes: Number(kilobytes) / 1024, out: stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
