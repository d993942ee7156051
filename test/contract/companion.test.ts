import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sleep } from '../../lib/serve/client.ts';
import { runBeside } from '../../lib/serve/companion.ts';
import { temporaryFolder } from '../support.ts';

test('a program beside the server has ended once it was told to stop', { timeout: 10_000 }, async () => {
  const folder = temporaryFolder();
  const [program, begun, ended] = ['program.mjs', 'begun', 'ended'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(
    program,
    `import { writeFileSync } from 'node:fs';
process.on('SIGTERM', () => setTimeout(() => { writeFileSync(process.env.ENDED, ''); process.exit(0); }, 300));
setInterval(() => {}, 1000);
writeFileSync(process.env.BEGUN, '');`,
  );
  const companion = runBeside(program, { BEGUN: begun, ENDED: ended }, 'a program');
  while (!existsSync(begun)) await sleep(20);
  await companion.stop();
  assert.ok(existsSync(ended), 'it is still ending');
});
