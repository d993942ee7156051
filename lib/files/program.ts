/** Programs beside the one that runs: each script is bundled into one file of a common folder (make/plumbing.mk). */
import { dirname, join } from 'node:path';

export function programPath(script: string): string {
  return join(dirname(process.argv[1]!), `${script}.mjs`);
}
