/** What a step reads and writes, why it would run now, what its script says of itself, and the line that it left last. */
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { namesIn } from '../../../lib/files/write.ts';
import type { Project } from '../../../lib/project.ts';
import { catalogue, linesOf } from '../../../lib/record/catalogue.ts';
import { required, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { didYouMean, formatMany } from '../../../lib/words.ts';
import { isProductOf, reasonsNow, rulesNow } from '../ask-make.ts';
import { type Rule, rulesOf, verbOf } from '../rules.ts';

step(
  { chapters, args: { STEP: required('which step? make explain-step STEP=train') } },
  (project, { STEP }) => {
    const described = verbs();
    const what = described.get(STEP);
    if (what === undefined)
      throw badInput(`STEP=${STEP} is no verb${didYouMean(STEP, described.keys())} (make help lists them)`);
    const config = relative('.', project.configPath);
    const database = rulesNow(config, [STEP]);
    const verb = verbOf(database, STEP) ?? { from: [], scripts: [] };
    const makers = rulesOf(database, isProductOf(project)).filter(({ products }) =>
      products.some((file) => verb.from.includes(file)),
    );
    const scripts = [...new Set([...makers.flatMap((rule) => rule.scripts), ...verb.scripts])];
    say('step', `make ${STEP}: ${what}`);
    const isAct = verb.scripts.length > 0 || makers.length === 0;
    for (const rule of makers) say('', ...linesOfRule(rule, isAct));
    sayReasons(config, verb.from, isAct, described);
    for (const script of scripts) {
      const path = pathOf(script);
      if (path !== undefined) say('script', path, ...headOf(path));
    }
    const last = lastLine(project, verb.scripts.length > 0 ? verb.scripts : scripts);
    say('left', last ?? 'no line in any ledger yet');
  },
);

/** Each verb with what its ## line says. */
function verbs(): Map<string, string> {
  const folders = ['make', 'bench', ...namesIn('chapters').map((name) => join('chapters', name))];
  const files = [
    'Makefile',
    ...folders.flatMap((folder) =>
      namesIn(folder)
        .filter((name) => name.endsWith('.mk'))
        .map((name) => join(folder, name)),
    ),
  ];
  return new Map(
    files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^([a-z][a-z-]*):[^\n]*[^#]## ([^\n]*)/gm)].map(
        ([, verb, what]) => [verb!, what!] as const,
      ),
    ),
  );
}

function linesOfRule({ products, from, code }: Rule, isFirst: boolean): string[] {
  return [
    `${isFirst ? 'first writes' : 'writes'} ${products.join(', ')}`,
    `${isFirst ? 'from' : 'reads'} ${[...from, ...(code === 0 ? [] : [`${formatMany(code, 'file')} of code`])].join(', ') || 'nothing'}`,
  ];
}

function sayReasons(
  config: string,
  products: readonly string[],
  isAct: boolean,
  described: ReadonlyMap<string, string>,
): void {
  const found = products.length === 0 ? [] : reasonsNow(config, products);
  const reasons = found.filter(
    ([target]) => !described.has(target) && !/config\.mk$|(^|\/)programs\//.test(target),
  );
  for (const [target, because] of reasons)
    say(
      'now',
      because === ''
        ? `makes ${target}, which is not there`
        : `makes ${target} again, since ${because.split(' ').slice(0, 4).join(', ')} changed after it`,
    );
  if (isAct) say('now', 'it would run: it makes no file that could be up to date');
  else if (reasons.length === 0)
    say('now', 'it would do nothing: what it makes is newer than what it is made from');
}

function pathOf(script: string): string | undefined {
  const folders = ['scripts', ...namesIn('chapters').map((name) => join('chapters', name, 'scripts'))];
  return folders.map((folder) => join(folder, `${script}.ts`)).find(existsSync);
}

/** The comment at the head of a script, without its stars. */
function headOf(path: string): string[] {
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .filter((line) => line !== '');
}

/** Where the scripts of a step write down what they did; the manifest names its script. */
const LEDGERS: readonly (readonly [RegExp, string])[] = [
  [/^model-train$/, 'models'],
  [/^watch-retrain$/, 'decisions'],
  [/^watch-monitor$/, 'monitoring'],
  [
    /^(model-(promote|rollback|alias|stage|first)|serve-(api|start|restart|stop|smoke|canary)|shadow-|rollout-)/,
    'deployments',
  ],
  [/^(experiments|tune)-/, 'runs'],
];

function lastLine(project: Project, scripts: readonly string[]): string | undefined {
  const ledgers = new Map(catalogue(project.ledgers).map((ledger) => [ledger.name, ledger]));
  const made = linesOf(ledgers.get('manifest')!).filter(({ body }) =>
    scripts.some((script) => body.includes(`/${script}.ts`)),
  );
  const names = scripts.flatMap((script) => LEDGERS.flatMap(([of, name]) => (of.test(script) ? [name] : [])));
  const ledger = names.map((name) => ledgers.get(name)).find((found) => found !== undefined);
  const last =
    made.at(-1) ?? (ledger === undefined || !existsSync(ledger.path) ? undefined : linesOf(ledger).at(-1));
  if (last === undefined) return undefined;
  const path = made.length > 0 ? ledgers.get('manifest')!.path : ledger!.path;
  return `${path}: ${last.body.slice(0, 300)}${last.body.length > 300 ? '…' : ''}`;
}
