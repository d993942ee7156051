/** What a person at the terminal sees: text, whatever a table holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { badInput } from '../../lib/fault.ts';
import { run, say } from '../../lib/terminal.ts';

test('no name of a table moves the cursor, colours the screen or begins a line of its own', async (t) => {
  const [out, err] = [t.mock.method(console, 'log', () => {}), t.mock.method(console, 'error', () => {})];
  say('slices', 'city = "a\u001b[2J\r\nb\u009b31m"', 'ü – € stays');
  run(() => {
    throw badInput('t.csv:2  column "x\u001b]0;title\u0007"\nand a second line');
  });
  await new Promise((resolve) => setImmediate(resolve));
  process.exitCode = 0;
  assert.deepEqual(
    out.mock.calls.map(({ arguments: [line] }) => line),
    ['slices     city = "a [2J  b 31m"', '           ü – € stays'],
  );
  assert.deepEqual(
    err.mock.calls.map(({ arguments: [line] }) => line),
    ['t.csv:2  column "x ]0;title "\nand a second line'],
  );
});
