/** The report of a version, its model card, and the workflow that posts it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { rankMetrics, rankScores } from '../../../lib/measure/metrics.ts';
import { heading, list, table, text } from '../../../lib/page/blocks.ts';
import { assertClose, temporaryProject } from '../../../test/support.ts';
import { calibrationBins, prCurve, rocCurve } from '../curve-points.ts';
import { toMarkdown } from '../markdown.ts';

const project = temporaryProject();
const has = (chapter: string) => existsSync(`chapters/${chapter}`);

test('make report: a version against the champion, in Markdown and HTML with pictures beside them', () => {
  project.configure([
    'Product ID: { type: text, role: id, missing: refuse }',
    'Product ID: { type: text, role: ignored, missing: keep }',
  ]);
  project.configure([
    '  Type: { type: category, role: input, categories: [L, M, H], missing: most_frequent }',
    '  Type: { type: category, role: sensitive, categories: [L, M, H], missing: keep }',
  ]);
  project.configure(['      - { column: Type, new_category: Z, share: 0.01 }\n', '']);
  assert.equal(project.make('prepare', 'train').status, 0);
  const alone = project.make('report');
  assert.equal(alone.status, 0, alone.err);
  assert.match(project.read('reports/report_v1.md'), /against the champion \| inconclusive/);
  assert.equal(project.make('promote', 'VERSION=v1').status, 0);
  project.configure(['algorithm: RandomForest', 'algorithm: GradientBoosting']);
  assert.equal(project.make('train').status, 0);
  const made = project.make('report');
  assert.match(made.out, /report {5}v2 against champion v1 {3}reports\/report_v2\.md/, made.err);
  const markdown = project.read('reports/report_v2.md');
  for (const part of [
    /^# v2: GradientBoosting for Machine failure$/m,
    /^The gate (passes|fails|is inconclusive)\. .*champion v1/m,
    /^\| True class \| given 0 \| given 1 \|$/m,
    ...(has('slices') ? [/^## Where it fails$/m] : []),
    /\| evaluation\.minimum \| (pass|fail|inconclusive) \| log loss beats the class shares by 0\.\d{3} \[/,
    /\| pr_auc against v1 \| (pass|fail|inconclusive) \| difference -?0\.\d{3} \[/,
    /- model_params\.algorithm "RandomForest" → "GradientBoosting"/,
    /^## Drift$/m,
    // What other chapters add, where they are.
    ...(has('fairness') ? [/\| Type \| demographic parity \| 0\.\d{3} \[/] : []),
    ...(has('explain') ? [/^## What it looks at$/m] : []),
  ])
    assert.match(markdown, part);
  const comment = project.read('reports/report_v2_comment.md');
  assert.doesNotMatch(comment, /^!\[|^(#+) .*\n\n\1 /m);
  assert.ok(comment.includes('### Confusion matrix') && !comment.includes('### ROC and'));
  const page = project.read('reports/report_v2.html');
  for (const [, file] of markdown.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)) {
    assert.ok(existsSync(project.path('reports', file!)), file);
    assert.match(project.read('reports', file!), /^<svg .*aria-label="/);
  }
  assert.equal([...page.matchAll(/<svg [^>]*role="img"/g)].length, [...markdown.matchAll(/^!\[/gm)].length);
  assert.doesNotMatch(page + markdown, /NaN|undefined|null|\[object/);
});

test('every number of the model card is a number of an artefact', () => {
  if (has('fairness')) assert.equal(project.make('fairness', 'VERSION=v2').status, 0);
  const made = project.make('report', 'VERSION=v2');
  assert.match(made.out, /not stated yet: chapters\.report\.contact/, made.err);
  const card = project.read('reports/model_card_v2.md');
  for (const section of [
    'Model details',
    'Intended use',
    'Factors',
    'Metrics',
    'Evaluation data',
    'Training data',
    'Quantitative analyses',
    'Ethical considerations',
    'Caveats and recommendations',
  ])
    assert.match(card, new RegExp(`^## ${section}$`, 'm'));
  const numbers: number[] = [];
  const words = new Set<string>();
  const collect = (value: unknown): void => {
    if (typeof value === 'number') numbers.push(value);
    else if (typeof value === 'string') for (const [token] of value.matchAll(/[\w.:-]+/g)) words.add(token);
    else if (typeof value === 'object' && value !== null)
      for (const [key, each] of Object.entries(value)) {
        collect(key);
        collect(each);
      }
  };
  for (const file of [
    ...['metadata.json', 'metrics.json', 'signature.json'].map((name) => `models/v2/${name}`),
    ...(has('fairness') ? ['reports/fairness_v2.json'] : []),
  ])
    collect(JSON.parse(project.read(file)));
  for (const [token] of project.read('config.yaml').matchAll(/[\w.:-]+/g))
    words.add(token.replace(/[.,:]+$/, ''));
  const tokens = [...card.matchAll(/(?<![\w.-])-?\d[\w.:-]*/g)].map(([token]) =>
    token.replace(/[.,:]+$/, ''),
  );
  assert.ok(tokens.length > 40, String(tokens.length));
  for (const token of tokens) {
    if (words.has(token) || [...words].some((word) => word.includes(token) && token.length > 8)) continue;
    const digits = token.split('.')[1]?.length ?? 0;
    assert.ok(
      numbers.some((x) => x.toFixed(digits) === token || String(x) === token),
      `the card says ${token}, which no artefact does`,
    );
  }
});

test('text that comes from data stays text', () => {
  const markdown = toMarkdown(
    [
      heading(1, 'a *b* <script>'),
      text('# not a heading, [not a link](x), `no code`'),
      list(['one\ntwo']),
      table(['name', '#n'], [['a|b', '1']]),
    ],
    'x',
  );
  assert.equal(
    markdown,
    '# a \\*b\\* &lt;script>\n\n\\# not a heading, [not a link\\](x), \\`no code\\`\n\n- one two\n\n| name | n |\n| --- | ---: |\n| a\\|b | 1 |\n',
  );
});

test('curves hold what the metrics say', () => {
  fc.assert(
    fc.property(
      fc
        .array(fc.tuple(fc.nat(1), fc.nat(8)), { minLength: 4, maxLength: 60 })
        .filter((rows) => new Set(rows.map(([y]) => y)).size === 2),
      (rows) => {
        const labels = Uint8Array.from(rows, ([y]) => y);
        const scores = Float64Array.from(rows, ([, s]) => s / 8);
        const curve = rocCurve(labels, scores);
        let area = 0;
        for (let i = 1; i < curve.length; i++)
          area += ((curve[i]!.x - curve[i - 1]!.x) * (curve[i]!.y + curve[i - 1]!.y)) / 2;
        assertClose(area, rankMetrics(rankScores(labels, scores)).roc_auc, 1e-12, 'area');
        assert.deepEqual(
          [curve[0], curve.at(-1)],
          [
            { x: 0, y: 0 },
            { x: 1, y: 1 },
          ],
        );
        assertClose(prCurve(labels, scores).at(-1)!.x, 1, 1e-12, 'recall at the end');
        const bins = calibrationBins(labels, scores, 0.95);
        assert.equal(
          bins.reduce((sum, bin) => sum + bin.rows, 0),
          rows.length,
        );
        for (const { low, observed, high } of bins)
          assert.ok(low <= observed + 1e-12 && observed <= high + 1e-12);
      },
    ),
  );
});
