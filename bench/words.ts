/** Figures as the texts say them: a dictionary, and the places in a text where they are filled in. */

import type { Estimate } from '../lib/numbers/estimate.ts';
import type { MonitorReport } from '../lib/watch/monitor.ts';
import type { ClaimRow } from './claims-drawn.ts';
import type { Line } from './record.ts';
import type { TableRow } from './small-tables.ts';

type Metrics = Readonly<Record<'pr_auc' | 'recall' | 'precision', Estimate>>;
type Day = Pick<MonitorReport, 'error_rate' | 'harm' | 'drift' | 'metrics'>;

/** What make figures measured. */
export interface Figures {
  readonly life: {
    readonly seconds: number;
    readonly versions: Readonly<Record<'v1' | 'v2', { readonly metrics: Metrics }>>;
    readonly quiet: Day;
    readonly bad: Day;
    /** What make said, line by line. */
    readonly said: readonly string[];
    readonly reproduce: string;
  };
  readonly bench: readonly Line[];
}

const interval = ({ value, low, high }: Estimate, digits = 3) =>
  `${signed(value, digits)} [${signed(low, digits)} – ${signed(high, digits)}]`;
const signed = (x: number, digits: number) => x.toFixed(digits).replace('-', '−');
const percent = ({ value }: Estimate) => `${(100 * value).toFixed(2)} %`;

/** By the names that stand in braces in the templates. */
export function wordsOf({ life }: Figures): Readonly<Record<string, string>> {
  const { quiet, bad, versions } = life;
  const said = (pattern: RegExp) => {
    const found = pattern.exec(life.said.join('\n'))?.[1];
    if (found === undefined) throw new Error(`the life did not say ${pattern}`);
    return found;
  };
  const air = quiet.drift.find(({ name }) => name === 'Air temperature [K]')!;
  return {
    seconds: life.seconds.toFixed(1),
    'v1.pr_auc': interval(versions.v1.metrics.pr_auc),
    'v1.recall': versions.v1.metrics.recall.value.toFixed(3),
    'v1.precision': versions.v1.metrics.precision.value.toFixed(3),
    'quiet.psi': air.psi.toFixed(2),
    'quiet.error': percent(quiet.error_rate.production),
    'training.error': percent(quiet.error_rate.training),
    'quiet.pr_auc': quiet.harm!.production.toFixed(3),
    'quiet.difference': interval(quiet.harm!.difference),
    ...Object.fromEntries(
      (['precision', 'recall', 'f1', 'roc_auc', 'pr_auc'] as const).map((name) => [
        `later.${name}`,
        quiet.metrics![name].value.toFixed(3),
      ]),
    ),
    'bad.refused': said(/(\d+) rows refused as invalid/),
    'bad.error': percent(bad.error_rate.production),
    'bad.pr_auc': bad.harm!.production.toFixed(3),
    'retrained.joined': said(/([\d,]+) labelled production rows join training/),
    'retrained.held_out': said(/join training, ([\d,]+) /),
    'retrained.difference': said(/held-out rows: pr_auc \+?(.*): it is better/),
    'reproduced.files': /and (\d+) files/.exec(life.reproduce)![1]!,
    'audit.anchors': said(/(\d+) anchors/),
    said: life.said.filter((line) => !line.startsWith('packages')).join('\n'),
  };
}

/** The text with {{name}} replaced; fails for a name that nothing measured. */
export function filled(template: string, words: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{\{([\w.]+)\}\}/g, (_, name: string) => {
    const word = words[name];
    if (word === undefined) throw new Error(`nothing measured {{${name}}}`);
    return word;
  });
}

/** The part between <!-- name --> and <!-- /name --> replaced. */
export function replaced(text: string, name: string, part: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`no place for ${name}`);
  return `${text.slice(0, from + begin.length)}\n${part}\n${text.slice(to)}`;
}

export function benchTable(lines: readonly Line[]): string {
  const number = (x: number | null) => {
    if (x === null) return '–';
    return x >= 1000 ? Math.round(x).toLocaleString('en-US') : x.toFixed(x >= 100 ? 0 : 3);
  };
  const met = { true: 'yes', false: '**no**', null: '' };
  const rows = lines.map(({ what, ours, theirs, ratio, goal, met: is }) =>
    [
      what,
      number(ours),
      number(theirs),
      ratio === null ? '' : `${ratio.toFixed(2)}×`,
      goal,
      met[String(is) as 'true'],
    ].join(' | '),
  );
  return [
    '| | ours | theirs | ratio | goal | met |',
    '| --- | ---: | ---: | ---: | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

/** Each claim by its case that lies nearest to what it must not be, and beyond it first. */
export function claimsTable(rows: readonly ClaimRow[]): string {
  const claims = [...new Set(rows.map(({ claim, must }) => `${claim}|${must}`))];
  const shown = claims.map((key) => {
    const own = rows.filter(({ claim, must }) => `${claim}|${must}` === key);
    const isFloor = own[0]!.must.startsWith('≥');
    const worst = own.reduce((a, b) => (isFloor === b.observed < a.observed ? b : a));
    const broken = own.filter(({ holds }) => !holds).length;
    const share = (x: number) => x.toFixed(3);
    return [
      worst.claim,
      own.length === 1 ? worst.at : `${own.length} cases; the nearest: ${worst.at}`,
      worst.must,
      `${share(worst.observed)} [${share(worst.low)} – ${share(worst.high)}]`,
      worst.trials.toLocaleString('en-US'),
      broken === 0 ? 'yes' : `**no** (${broken})`,
    ].join(' | ');
  });
  return [
    '| claim | case | must | observed | trials | holds |',
    '| --- | --- | --- | ---: | ---: | --- |',
    ...shown.map((row) => `| ${row} |`),
  ].join('\n');
}

export function tablesTable(rows: readonly TableRow[]): string {
  const number = (x: number | null | undefined) => (x === null || x === undefined ? '–' : x.toFixed(3));
  const within = rows.filter((row) => row.within).length;
  const above = rows.filter((row) => row.above_shares).length;
  return [
    `Within 1.03 × the best of theirs on ${within} of ${rows.length}; above the class shares on ${above}; refused ${rows.filter(({ ours }) => ours === null).length}.`,
    '',
    '| table | rows | classes | init chose | ours | class shares | logistic | forest | boosting | within |',
    '| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | --- |',
    ...rows.map(
      ({ table, rows: count, classes, model, ours, class_shares, theirs, within: is }) =>
        `| ${table} | ${count.toLocaleString('en-US')} | ${classes} | ${model} | ${number(ours)} | ${number(class_shares)} | ${number(theirs?.logistic)} | ${number(theirs?.forest)} | ${number(theirs?.boosting)} | ${is ? 'yes' : '**no**'} |`,
    ),
  ].join('\n');
}
