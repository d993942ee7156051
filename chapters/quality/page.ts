/** What was judged last as a page, with the history of each rule. */
import * as Plot from '@observablehq/plot';
import { html } from 'hono/html';
import { draw } from '../../lib/page/draw.ts';
import { figure, type Html, mark, pageOf, tableOf } from '../../lib/page/page.ts';
import { ALARM, CALM, type Picture } from '../../lib/page/picture.ts';
import { formatCount, formatPercent, formatTime } from '../../lib/words.ts';
import { whereIs } from './block.ts';
import type { HistoryLine } from './history.ts';
import type { Judged } from './judged.ts';
import type { RuleResult } from './suite.ts';

const SHOWN = 12;

export function markOf({ verdict, severity }: Pick<RuleResult, 'verdict' | 'severity'>): Html {
  if (verdict === 'fail' && severity === 'warn') return html`<span class="open">warns</span>`;
  return mark(verdict, 'holds', 'stops');
}

/** `history` ends with what is shown. */
export function qualityPage(
  judged: Judged,
  failingRows: string | undefined,
  history: readonly HistoryLine[],
  command: string,
): Promise<string> {
  const { files, sha256, rows, sound, verdict, rules } = judged;
  const file = files[0]!;
  const failing = rules.filter((rule) => rule.verdict === 'fail');
  const body = html`<h1>Quality of ${file}</h1>
<p>${mark(verdict, 'May be used', 'May not be used')}: ${formatCount(sound)} of ${formatCount(rows)} rows pass every rule. sha256 ${sha256.slice(0, 12)}….
${failingRows === undefined ? '' : html`Each failing row, with its value: <code>${failingRows}</code>.`}</p>
${failing.length === 0 ? '' : html`<h2>What fails</h2>${rulesTable(failing, files, history)}`}
<h2>Every rule</h2>
${rulesTable(
  rules.filter((rule) => rule.verdict !== 'fail'),
  files,
  history,
)}
<h2>Over time</h2>
<p class="note">Share of the rules that hold; red where the file may not be used.</p>
${history.length < 2 ? html`<p>This is the first look.</p>` : figure(overTime(history))}
${tableOf(
  ['When', 'File', 'Version', '#rows', 'Verdict', '#rules that fail'],
  history
    .slice(-SHOWN)
    .reverse()
    .map((line) => [
      formatTime(line.time),
      line.file,
      line.version ?? '–',
      formatCount(line.rows),
      mark(line.verdict, 'may be used', 'may not'),
      formatCount(Object.values(line.rules).filter(([each]) => each === 'fail').length),
    ]),
)}
<p class="note">Made by <code>${command}</code>. Rules: the schema of config.yaml, and chapters.quality.expectations.</p>`;
  return pageOf(`Quality of ${file}`, body);
}

function rulesTable(
  rules: readonly RuleResult[],
  files: readonly string[],
  history: readonly HistoryLine[],
): Html {
  return tableOf(
    ['Rule', '#failing', 'Where', 'Before', 'Verdict'],
    rules.map((rule) => [
      rule.rule,
      rule.observed ?? `${formatCount(rule.failing)} of ${formatCount(rule.judged)}`,
      rule.places.map((place) => whereIs(files, place)).join(', ') +
        (rule.failing > rule.places.length ? ' …' : ''),
      before(rule.rule, history),
      markOf(rule),
    ]),
  );
}

const SIGNS = { pass: '●', fail: '✕', inconclusive: '○' } as const;

/** The looks before this one, the latest last. */
function before(rule: string, history: readonly HistoryLine[]): Html | string {
  const looks = history
    .slice(0, -1)
    .flatMap((line) => line.rules[rule]?.[0] ?? [])
    .slice(-SHOWN);
  if (looks.length === 0) return '–';
  const counts = (['pass', 'fail'] as const).map(
    (verdict) => looks.filter((look) => look === verdict).length,
  );
  return html`<span role="img" aria-label="held ${counts[0]} times, failed ${counts[1]} times">${looks.map((look) => SIGNS[look]).join('')}</span>`;
}

/** Share of rules that hold, look by look. */
function overTime(history: readonly HistoryLine[]): Picture {
  const points = history.slice(-100).map(({ time, rules, verdict }) => {
    const verdicts = Object.values(rules)
      .map(([each]) => each)
      .filter((each) => each !== 'inconclusive');
    return {
      time: new Date(time),
      share: verdicts.filter((each) => each === 'pass').length / Math.max(1, verdicts.length),
      verdict,
    };
  });
  const last = points.at(-1)!;
  return draw(
    {
      width: 720,
      height: 220,
      marginLeft: 50,
      x: { type: 'utc', label: 'time (UTC)' },
      y: { label: 'rules that hold', domain: [0, 1], percent: true },
      color: { domain: ['may be used', 'may not be used'], range: [CALM, ALARM] },
      marks: [
        Plot.lineY(points, { x: 'time', y: 'share', stroke: 'currentColor', strokeOpacity: 0.4 }),
        Plot.dot(points, {
          x: 'time',
          y: 'share',
          r: 4,
          fill: (d: { verdict: string }) => (d.verdict === 'fail' ? 'may not be used' : 'may be used'),
        }),
      ],
    },
    `Share of rules that hold, over ${points.length} looks: ${formatPercent(last.share, 0)} at the last.`,
    points,
    [
      { name: 'may be used', color: CALM },
      { name: 'may not be used', color: ALARM },
    ],
  );
}
