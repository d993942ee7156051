/** A node:test reporter of one line: what passed, and in full what did not. */
import { basename } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let passed = 0;
  let total = 0;
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    total++;
    if (type === 'test:pass') passed++;
    else
      yield `${data.name}: ${data.details.error.cause instanceof Error ? data.details.error.cause.message : data.details.error.message}\n`;
  }
  const step = basename(process.argv[1] ?? '', '.ts').replace(/^.*-/, '');
  yield `${step.padEnd(10)} ${passed} of ${total}\n`;
}
