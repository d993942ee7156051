/** What a person at the terminal sees: facts on stdout, trouble on stderr, progress only where somebody watches. */
import { SingleBar } from 'cli-progress';
import { FAILED, Fault } from './fault.ts';

/** One line: the step in the first column, then what happened; further lines are indented under it. */
export function say(step: string, ...lines: string[]): void {
  for (const [i, line] of lines.entries())
    console.log(`${(i === 0 ? step : '').padEnd(10)} ${harmless(line).replaceAll('\n', ' ')}`);
}

/** Without what a terminal would obey: names and values of tables are anybody's. */
function harmless(words: string): string {
  return words.replace(/[^\P{Cc}\n]+/gu, ' ');
}

/** Runs a program's main and turns what it throws into a message and an exit code. */
export function run(main: () => void | Promise<void>): void {
  // A reader that has seen enough (| head) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? 0 : FAILED),
  );
  Promise.resolve()
    .then(main)
    .catch((error: unknown) => {
      if (error instanceof Fault) {
        console.error(harmless(error.message));
        process.exitCode = error.code;
      } else if (isSystemError(error)) {
        const where = (error.path ?? error.syscall ?? 'the system').replace(/\.clockwork-tmp-\d+/, '');
        console.error(`${where}: ${systemProblem(error)}`);
        process.exitCode = FAILED;
      } else {
        console.error(error);
        process.exitCode = FAILED;
      }
    });
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

function systemProblem(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOSPC')
    return 'the disk is full; nothing was half-written. Free some space, then run it again.';
  if (error.code === 'EACCES' || error.code === 'EROFS' || error.code === 'EPERM')
    return 'may not be written here (permission denied).';
  if (error.code === 'EISDIR') return 'is a folder, where a file is to be.';
  if (error.code === 'ENOTDIR' || error.code === 'EEXIST')
    return 'is a file or lies under one, where a folder is to be.';
  return error.message;
}

export interface Progress {
  update(done: number): void;
  stop(): void;
}

/** A progress bar on a terminal after half a second; nothing in a pipe. */
export function progress(step: string, total: number): Progress {
  if (!process.stderr.isTTY) return { update() {}, stop() {} };
  const bar = new SingleBar({
    format: `${step.padEnd(10)} {bar} {percentage} % · {eta_formatted} left`,
    etaBuffer: 50,
    clearOnComplete: true,
    hideCursor: true,
  });
  const start = Date.now();
  let shown = false;
  return {
    update(done) {
      if (!shown && Date.now() - start > 500) {
        bar.start(total, done);
        shown = true;
      } else if (shown) bar.update(done);
    },
    stop() {
      if (shown) bar.stop();
    },
  };
}
