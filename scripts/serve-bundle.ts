/** The server and all that it imports as one file, .make/serve-api.mjs, which starts in a third of the time. */
import { build } from 'esbuild';
import { writeIfChanged } from '../lib/files/write.ts';
import { SERVER_PROGRAM } from '../lib/serve/client.ts';
import { run } from '../lib/terminal.ts';

/** Packages written for require() find it in a module that has none. */
const REQUIRE = `import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);`;

run(async () => {
  const { outputFiles } = await build({
    entryPoints: ['scripts/serve-api.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: REQUIRE },
    write: false,
    logLevel: 'error',
  });
  writeIfChanged(SERVER_PROGRAM, outputFiles[0]!.text);
});
