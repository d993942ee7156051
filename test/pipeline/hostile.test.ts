/** What people and files say reaches programs as text or is refused: no shell and no make reads it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { plainEnvironment } from '../../bench/project-copy.ts';
import { parseConfig } from '../../lib/config/parse.ts';
import { Fault } from '../../lib/fault.ts';
import { trainedProject } from '../support.ts';

const project = trainedProject();
/** The file that whoever reads them as a program makes. */
const PWNED = 'pwned';
const TOUCH = `touch ${PWNED}`;
const STRINGS = [
  `$(${TOUCH})`,
  `$$(${TOUCH})`,
  `$(shell ${TOUCH})`,
  `$$(shell ${TOUCH})`,
  `\${shell ${TOUCH}}`,
  `$\{IFS}${TOUCH}`,
  `$(eval x := $(shell ${TOUCH}))`,
  `$(file >${PWNED},x)`,
  `$(call ${TOUCH})`,
  `$(error no)`,
  `$(info $(shell ${TOUCH}))`,
  `\`${TOUCH}\``,
  `; ${TOUCH}`,
  `;${TOUCH};`,
  `v1; ${TOUCH}`,
  `v1 && ${TOUCH}`,
  `v1 || ${TOUCH}`,
  `| ${TOUCH}`,
  `& ${TOUCH} &`,
  `v1\n${TOUCH}`,
  `v1\r\n${TOUCH}`,
  `\n\t${TOUCH}`,
  `\n`,
  `\t`,
  `' ; ${TOUCH} ; '`,
  `" ; ${TOUCH} ; "`,
  `'; ${TOUCH} #`,
  `"; ${TOUCH} #`,
  `'`,
  `"`,
  `''`,
  `""`,
  `\\`,
  `\\\\`,
  `\\n`,
  `\\'; ${TOUCH} #`,
  `> ${PWNED}`,
  `>> ${PWNED}`,
  `< ${PWNED}`,
  `<(${TOUCH})`,
  `>(${TOUCH})`,
  `<<x\n${TOUCH}\nx`,
  `{${TOUCH},}`,
  `*`,
  `?`,
  `[a-z]*`,
  `~`,
  `~root`,
  `!!`,
  `!${TOUCH}`,
  `#`,
  `# ${TOUCH}`,
  `%`,
  `%.csv`,
  `$`,
  `$$`,
  `$@`,
  `$<`,
  `$(MAKE)`,
  `$(CURDIR)`,
  `-n`,
  `--eval=x:;${TOUCH}`,
  `--help`,
  `-`,
  `--`,
  `../../etc/passwd`,
  `/etc/passwd`,
  `=`,
  `a=b`,
  `:=x`,
  `x ::= y`,
  `,`,
  `)`,
  `(`,
  `$(`,
  `$\{`,
  `)$(shell ${TOUCH})`,
  `ä ü ß`,
  '‮v1',
  '\u0007bell',
  '\u001b[31mred',
  `'$(${TOUCH})'`,
  `"$(${TOUCH})"`,
  `"\`${TOUCH}\`"`,
  `x'"$(${TOUCH})"'x`,
  `a b  c`,
  ' v1',
  'v1 ',
  'v1'.repeat(1000),
  '0',
  'constructor',
  '__proto__',
  'NaN',
  '🦊',
];

/** Every argument that a verb takes, as the ## lines name them. */
function declaredArguments(): string[] {
  const files = ['Makefile', 'make/verbs.mk', ...makefilesOfChapters()];
  const lines = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/^[a-z-]+:.*## .*$/gm)]);
  return [...new Set(lines.flatMap(([line]) => [...line.matchAll(/\b([A-Z]+)=/g)].map(([, name]) => name!)))];
}

function makefilesOfChapters(): string[] {
  if (!existsSync('chapters')) return [];
  return readdirSync('chapters', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join('chapters', name)).map((file) => join('chapters', name, file)))
    .filter((file) => file.endsWith('.mk'));
}

const isPwned = () => existsSync(project.path(PWNED));
const names = declaredArguments();

/** What a program saw of each argument, from `env -0`. */
function argumentsIn(out: string): Record<string, string> {
  const all = new Map(
    out.split('\0').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  return Object.fromEntries(names.map((name) => [name, all.get(name) ?? 'unset']));
}

test('there are enough of both', () => {
  assert.ok(STRINGS.length >= 60 && new Set(STRINGS).size === STRINGS.length);
  for (const name of ['VERSION', 'REASON', 'AT', 'ID', 'CSV', 'ONLY', 'WEIGHT', 'SPLIT', 'NAME', 'STAGE'])
    assert.ok(names.includes(name), name);
});

test('every argument arrives as it was typed, from the command line alone', () => {
  mkdirSync(project.path('chapters/probe'), { recursive: true });
  writeFileSync(
    project.path('chapters/probe/probe.mk'),
    `probe: ## says what it was given   ${names.map((name) => `[${name}=x]`).join(' ')}\n\t@env -0\n`,
  );
  for (const string of STRINGS) {
    const typed = names.map((name) => `${name}=${string}`);
    const { status, out, err } = project.make('-s', 'probe', ...typed);
    assert.equal(status, 0, `${JSON.stringify(string)}: ${err}`);
    assert.deepEqual(
      argumentsIn(out),
      // Blanks before a value are make's own.
      Object.fromEntries(names.map((name) => [name, string.trimStart()])),
      JSON.stringify(string),
    );
    assert.ok(!isPwned(), `${JSON.stringify(string)} was executed`);
  }
  for (const string of STRINGS.slice(0, 15)) {
    const env = { ...plainEnvironment(), ...Object.fromEntries(names.map((name) => [name, string])) };
    const { stdout, stderr } = spawnSync('make', ['-s', 'probe'], {
      cwd: project.folder,
      env,
      encoding: 'utf8',
    });
    assert.deepEqual(new Set(Object.values(argumentsIn(stdout))), new Set(['']), stderr);
    assert.ok(!isPwned(), `${JSON.stringify(string)} was executed from the environment`);
  }
});

test('no recipe holds an argument, where a shell would read it', () => {
  for (const file of ['Makefile', ...makefilesOfChapters(), 'bench/bench.mk'])
    for (const [recipe] of readFileSync(file, 'utf8').matchAll(/^\t.*$/gm)) {
      // Conditions look at an argument and give words of the makefile's own.
      const read = recipe
        .replaceAll(/\$\(filter(?:-out)? [^()]*,\$\(\w+\)\)/g, '')
        .replaceAll(/\$\(if \$\(\w+\)(?:\$\(\w+\))?/g, '');
      for (const name of names)
        assert.doesNotMatch(read, new RegExp(`\\$[({]${name}[)}]`), `${file}: ${recipe}`);
    }
});

test('a config of such a name is refused before anything reads it', () => {
  for (const string of STRINGS) {
    const { status, err } = project.make('train', `CONFIG=${string}`);
    assert.equal(status, 2, JSON.stringify(string));
    assert.match(err, /CONFIG may (?:hold no|not begin)|CONFIG is no \.yaml file/, JSON.stringify(string));
    assert.ok(!isPwned(), `${JSON.stringify(string)} was executed`);
  }
});

test('what config.yaml says of files and names is text or refused', () => {
  const config = project.read('config.yaml');
  const keys = ['models', 'raw_path', 'current_version', 'project_name'];
  for (const [i, string] of STRINGS.entries())
    for (const key of [keys[0]!, keys[1 + (i % 3)]!]) {
      const line = new RegExp(`^( *${key}): .*$`, 'm');
      const changed = config.replace(line, (_, name) => `${name}: ${JSON.stringify(string)}`);
      try {
        parseConfig(changed, 'config.yaml');
        // What was taken reaches make as it is.
        assert.match(
          string,
          key === 'project_name' ? /^/ : /^[\w./+@-]+$/,
          `${key}: ${JSON.stringify(string)}`,
        );
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        assert.match(error.message, /^config\.yaml:\d+ {2}/);
      }
    }
  for (const string of [`models$(shell ${TOUCH})`, `models; ${TOUCH}`, `models\`${TOUCH}\``]) {
    writeFileSync(
      project.path('config.yaml'),
      config.replace(/^( +models): .*$/m, (_, name) => `${name}: ${JSON.stringify(string)}`),
    );
    assert.equal(project.make('train').status, 2);
    assert.ok(!isPwned());
  }
  writeFileSync(project.path('config.yaml'), config);
});

test('what models/latest.json says is printed and nothing else', () => {
  const latest = project.read('models/latest.json');
  for (const string of [`v2 $(${TOUCH})`, `v2 \`${TOUCH}\``, `"; ${TOUCH}; "`, `$(shell ${TOUCH})`]) {
    writeFileSync(
      project.path('models/latest.json'),
      latest.replace(/"summary": ".*"/, () => `"summary": ${JSON.stringify(string)}`),
    );
    project.make('train');
    assert.ok(!isPwned(), string);
  }
  writeFileSync(project.path('models/latest.json'), latest);
});

test('the verbs say what is wrong with such arguments, without a stack', () => {
  for (const [i, string] of STRINGS.filter((_, at) => at % 5 === 0).entries()) {
    const verbs = [
      ['model-promote', { VERSION: string }],
      ['model-alias', { NAME: string, VERSION: 'v1' }],
      ['model-stage', { VERSION: 'v1', STAGE: string }],
      ['serve-canary', { VERSION: 'v1', WEIGHT: string }],
      ['serve-canary', { SPLIT: string }],
      ['serve-live', { AT: string }],
      ['trust-trace', { ID: string }],
      ['watch-labels', { CSV: string }],
      ['model-compare', { A: 'v1', B: string }],
      ['serve-replay', { DAY: string }],
      ['data-prepare', { VERSION: string }],
    ] as const;
    const [script, args] = verbs[i % verbs.length]!;
    const { status, err } = project.script(script, args);
    assert.doesNotMatch(err, /\n\s+at |TypeError/, `${script} ${JSON.stringify(args)}`);
    assert.notEqual(status, 0, `${script} ${JSON.stringify(args)}`);
  }
  assert.ok(!isPwned());
});

test('a misspelt verb, argument, key and value suggest what was meant', () => {
  assert.match(project.make('trian').err, /did you mean.*train/i);
  assert.match(
    project.make('promote', 'VERSOIN=v1').err,
    /no verb takes "VERSOIN=": did you mean VERSION=\?/,
  );
  writeFileSync(project.path('other.yaml'), project.read('config.yaml'));
  assert.match(project.make('train', 'CONFIG=other.yaml', 'VERSOIN=v1').err, /did you mean VERSION=\?/);
  assert.match(project.make('train', 'REASON=x').err, /make train takes no REASON/);
  const config = project.read('config.yaml');
  for (const [from, to, meant] of [
    ['algorithm: RandomForest', 'algorithm: RandomForrest', /RandomForest/],
    ['n_estimators:', 'n_estimatrs:', /n_estimators/],
  ] as const) {
    writeFileSync(project.path('config.yaml'), config.replace(from, to));
    assert.match(project.make('train').err, meant);
  }
  writeFileSync(project.path('config.yaml'), config);
});
