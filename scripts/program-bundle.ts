/** A script and all that it imports as one file, which starts in a third of the time. */
import { build } from 'esbuild';
import { writeIfChanged } from '../lib/files/write.ts';
import { run } from '../lib/terminal.ts';

/** Packages written for require() find it in a module that has none. */
const REQUIRE = `import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);`;

run(async () => {
  const [entry, to] = process.argv.slice(2) as [string, string];
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: REQUIRE },
    write: false,
    logLevel: 'error',
  });
  writeIfChanged(to, outputFiles[0]!.text);
});
