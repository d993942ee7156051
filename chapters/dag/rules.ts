/** Rules from make's own database (make -pq), whose format GNU Make documents in its manual, "Options Summary", -p. */

export interface Rule {
  /** One product, or several that one run of the recipe makes. */
  readonly products: readonly string[];
  /** Products and files of data that it is made from. */
  readonly from: readonly string[];
  /** Files of code that it is made by. */
  readonly code: number;
  /** The scripts that its recipe starts. */
  readonly scripts: readonly string[];
  readonly isOutdated: boolean;
}

const CODE = /^(?:lib|scripts|chapters)\//;

const ENTRY = /^([^\s#:%][^:%\n]*):([^=\n][^\n]*)?\n((?:[#\t][^\n]*\n)*)/gm;
/** A line that gives a variable a value for one target looks like a rule. */
const VARIABLE = /^\s*(?:private\s+|override\s+|export\s+)*\w+\s*[:?+!]*=/;

function entriesIn(database: string): [file: string, prerequisites: string, about: string][] {
  return [...database.matchAll(ENTRY)]
    .filter(([, , prerequisites = '']) => !VARIABLE.test(prerequisites))
    .map(([, file, prerequisites = '', about]) => [file!, prerequisites, about!]);
}

/** Products with a recipe, each after those that it is made from. */
export function rulesOf(database: string, isProduct: (file: string) => boolean): Rule[] {
  const rules = new Map<string, Rule>();
  for (const [file, prerequisites, about] of entriesIn(database)) {
    const says = (what: string) => new RegExp(`^#\\s+${what}`, 'm').test(about);
    // For what no rule makes, make has looked for an implicit one.
    if (!isProduct(file) || !says('recipe to execute') || says('Implicit rule search has been done'))
      continue;
    const products = /^#\s+Also makes: (.*)$/m.exec(about)?.[1]?.split(' ') ?? [file];
    const key = [...new Set(products)].sort();
    const needed = prerequisites.split('|')[0]!.split(/\s+/).filter(Boolean);
    const isOutdated = says('Needs to be updated') || says('File does not exist');
    rules.set(key.join(' '), {
      products: key,
      from: needed.filter((each) => !CODE.test(each)),
      code: needed.filter((each) => CODE.test(each)).length,
      scripts: scriptsIn(about),
      isOutdated: isOutdated || (rules.get(key.join(' '))?.isOutdated ?? false),
    });
  }
  return inOrder([...rules.values()]);
}

function scriptsIn(recipe: string): string[] {
  return [...new Set([...recipe.matchAll(/\/([a-z]+(?:-[a-z]+)+)\.mjs/g)].map(([, name]) => name!))];
}

/** What a verb stands on, and the scripts that it starts itself; undefined where make knows none of the name. */
export function verbOf(
  database: string,
  verb: string,
): { readonly from: readonly string[]; readonly scripts: readonly string[] } | undefined {
  for (const [name, prerequisites, about] of entriesIn(database))
    if (name === verb)
      return { from: prerequisites.split('|')[0]!.split(/\s+/).filter(Boolean), scripts: scriptsIn(about) };
  return undefined;
}

/** Each rule after those that it is made from, else as it stood. */
function inOrder(rules: readonly Rule[]): Rule[] {
  const ordered = new Set<Rule>();
  const visit = (rule: Rule): void => {
    if (ordered.has(rule)) return;
    for (const file of rule.from) {
      const maker = rules.find(({ products }) => products.includes(file));
      if (maker !== undefined && maker !== rule) visit(maker);
    }
    ordered.add(rule);
  };
  for (const rule of rules.toSorted((a, b) => (a.products[0]! < b.products[0]! ? -1 : 1))) visit(rule);
  return [...ordered];
}

/** Whether a rule waits for another that is out of date, however far before it. */
export function outdatedOf(rules: readonly Rule[]): ReadonlySet<Rule> {
  const outdated = new Set<Rule>();
  for (const rule of rules) {
    const waits = [...outdated].some(({ products }) =>
      products.some((product) => rule.from.includes(product)),
    );
    if (rule.isOutdated || waits) outdated.add(rule);
  }
  return outdated;
}
