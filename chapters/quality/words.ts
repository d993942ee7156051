/** What a judgement says at the terminal. */
import { formatCount, formatMany } from '../../lib/words.ts';
import { whereIs } from './block.ts';
import type { Judged } from './judged.ts';
import type { RuleResult } from './suite.ts';

const WIDEST = 44;
const PLACES_SAID = 3;

export function failingRules({ rules }: Pick<Judged, 'rules'>): RuleResult[] {
  const failing = rules.filter(({ verdict }) => verdict === 'fail');
  return [
    ...failing.filter(({ severity }) => severity === 'stop'),
    ...failing.filter(({ severity }) => severity === 'warn'),
  ];
}

/** "9,981 of 10,000 rows pass · 2 rules stop, 1 warns", then each of those rules. */
export function describeJudged(judged: Judged): string[] {
  const failing = failingRules(judged);
  const stops = failing.filter(({ severity }) => severity === 'stop').length;
  const warns = failing.length - stops;
  const open = judged.rules.filter(({ verdict }) => verdict === 'inconclusive').length;
  const said = [
    ...(stops === 0 ? [] : [`${formatMany(stops, 'rule')} ${stops === 1 ? 'stops' : 'stop'}`]),
    ...(warns === 0
      ? []
      : [
          `${stops === 0 ? `${formatMany(warns, 'rule')} ` : `${formatCount(warns)} `}${warns === 1 ? 'warns' : 'warn'}`,
        ]),
  ].join(', ');
  const held = judged.rules.length - failing.length - open;
  return [
    `${formatCount(judged.sound)} of ${formatMany(judged.rows, 'row')} pass · ${said === '' ? `${formatMany(held, 'rule')} ${held === 1 ? 'holds' : 'hold'}` : said}${open === 0 ? '' : ` · ${formatCount(open)} not judged`}`,
    ...failing.map((result) => describeRule(result, judged.files)),
  ];
}

function describeRule(
  { severity, rule, failing, observed, places }: RuleResult,
  files: readonly string[],
): string {
  const shown = places.slice(0, PLACES_SAID).map((place) => whereIs(files, place));
  const where = `${shown.join(' ')}${failing > shown.length ? ' …' : ''}`;
  return `${severity}  ${rule.padEnd(WIDEST)} ${failing > 0 ? `${formatMany(failing, 'row')}   ${where}` : observed}`;
}
