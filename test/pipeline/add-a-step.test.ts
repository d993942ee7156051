/** docs/add-a-step.md, typed as it stands there. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { trainedProject } from '../support.ts';

const text = readFileSync('docs/add-a-step.md', 'utf8');
const project = trainedProject();

/** Every block that names a file goes there: makefiles and lists are added to, other files are new. */
function type(part: string): void {
  for (const [, file, code] of part.matchAll(/^```(?:ts|make) (\S+)\n([\s\S]*?)^```$/gm)) {
    const path = project.path(file!);
    mkdirSync(dirname(path), { recursive: true });
    if (file === 'Makefile')
      writeFileSync(
        path,
        project.read('Makefile').replace(/^include .*chapters.*$/m, (line) => `${code}\n${line}`),
      );
    else if (file === 'chapters/index.ts') appendFileSync(path, code!);
    else writeFileSync(path, code!);
  }
}

test('the step', () => {
  type(text.slice(text.indexOf('## A step'), text.indexOf('## A chapter')));
  const first = project.make('describe');
  assert.match(first.out, /^describe {3}\d+ of class 0 · \d+ of class 1$/m, first.err);
  assert.match(project.make('describe').out, /^describe {3}up to date: reports\/classes\.json$/m);
  assert.match(project.make('help').out, /make describe +rows of each class/);
  writeFileSync(
    project.path('scripts/data-describe.ts'),
    project.read('scripts/data-describe.ts').replaceAll('of class', 'rows of class'),
  );
  assert.match(project.make('describe').out, /rows of class 0/, 'an edit of the script runs it again');
});

test('the chapter', async (t) => {
  try {
    readFileSync('chapters/index.ts');
  } catch {
    return t.skip('there are no chapters');
  }
  type(text.slice(text.indexOf('## A chapter')));
  assert.equal(project.make('start').status, 0);
  const { url } = project.server();
  const { seconds } = (await (await fetch(`${url}/uptime`)).json()) as { seconds: number };
  assert.ok(seconds > 0);
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
  assert.ok('/uptime' in document.paths);
  assert.equal(project.make('stop').status, 0);
});
