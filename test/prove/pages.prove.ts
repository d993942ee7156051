/** Every page of the reports in a real browser: nothing that axe finds wrong, nothing to scroll sideways, usable without JavaScript. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { ALARM, CALM, PALETTE } from '../../lib/page/picture.ts';
import { ARGUMENTS, executablePath } from '../browser.ts';
import { livedProject } from '../support.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const MOST_BYTES = 300_000;
const COLORS = new Set([...PALETTE, CALM, ALARM]);
/** What makes pages, as far as its chapter is there. */
const VERBS = [
  ['windows'],
  ['experiments'],
  ['explain'],
  ['fairness'],
  ['slices'],
  ['explore'],
  ['explore', 'A=v1', 'B=v1'],
  ['check-data', 'CSV=data/raw/ai4i2020.csv'],
  ['anomalies'],
  ['synthesize', 'METHOD=copula', 'ROWS=300', 'OUT=rows.csv'],
  ['judge-synthetic', 'CSV=rows.csv'],
  ['feature-registry'],
  ['lineage'],
  ['lag'],
  ['report', 'VERSION=v2'],
  ['monitor'],
] as const;

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

if (executablePath === undefined) test('every page', (t) => t.skip('there is no Chromium here'));
else {
  const project = livedProject();
  let browser: Browser;
  let pages: string[] = [];
  before(async () => {
    const help = project.make('help').out;
    for (const [verb, ...args] of VERBS) if (help.includes(`make ${verb} `)) project.make(verb, ...args);
    const reports = project.path('reports');
    const names = readdirSync(reports, { recursive: true }) as string[];
    pages = names.filter((name) => name.endsWith('.html')).sort();
    browser = await chromium.launch({ executablePath: executablePath!, args: ARGUMENTS });
  });
  after(() => browser?.close());

  const open = async (name: string, options: Parameters<Browser['newContext']>[0]) => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`file://${project.path('reports', name)}`);
    assert.deepEqual(complaints, [], name);
    return { page, close: () => context.close() };
  };
  /** The files inside a page, by name: each picture's figures. */
  const dataIn = (text: string) =>
    [...text.matchAll(/<a download="([^"]*)" href="data:text\/csv;charset=utf-8,([^"]*)"/g)].map(
      ([, name, csv]) => ({
        name: name!,
        csv: decodeURIComponent(csv!.replaceAll('&amp;', '&').replaceAll('&#39;', "'")),
      }),
    );
  const violations = async (page: Page) => {
    await page.evaluate(AXE);
    const found = await page.evaluate(
      "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)",
    );
    return (found as Violation[]).map(
      ({ id, nodes }) =>
        `${id}: ${nodes.length} × ${nodes[0]!.html.slice(0, 160)} (${nodes[0]!.failureSummary.slice(0, 200)})`,
    );
  };

  test('pages are there, listed, and small', () => {
    assert.ok(pages.length >= 5, pages.join(', '));
    const contents = project.read('reports', 'index.html');
    assert.match(contents, /href="monitor\.html">Monitoring of .*<\/a>.*href="monitor\.json"/);
    for (const name of pages) {
      const { size } = statSync(project.path('reports', name));
      assert.ok(size < MOST_BYTES, `${name} has ${size} bytes`);
      if (name !== 'index.html' && !name.startsWith('runs/'))
        assert.ok(contents.includes(`href="${name}"`), name);
    }
  });

  test('axe finds nothing wrong, in light and in dark', { timeout: 240_000 }, async () => {
    const wrong: string[] = [];
    for (const name of pages)
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page, close } = await open(name, { colorScheme });
        for (const each of await violations(page)) wrong.push(`${name} (${colorScheme}) ${each}`);
        await close();
      }
    assert.deepEqual(wrong, []);
  });

  test('every picture has its figures to download', async () => {
    let pictures = 0;
    for (const name of pages) {
      const text = project.read('reports', name);
      const data = dataIn(text);
      const drawn = [...text.matchAll(/<svg(?! class="swatch")[^>]*>/g)].length;
      assert.equal(data.length, drawn, name);
      for (const { csv } of data) {
        const lines = csv.trimEnd().split('\n');
        assert.ok(lines.length > 1 && lines[0]!.includes(','), `${name}: ${csv.slice(0, 200)}`);
        assert.doesNotMatch(csv, /\[object|NaN|undefined/, name);
        const headings = lines[0]!.split(',');
        assert.ok(!headings.includes('x') && !headings.includes('y'), `${name}: ${lines[0]}`);
      }
      pictures += drawn;
      // Of two colours or more each is named.
      for (const [each] of text.matchAll(/<figure>[\s\S]*?<\/figure>/g)) {
        const [, picture = '', beside = ''] = /^([\s\S]*?)<\/div>([\s\S]*)$/.exec(each)!;
        const [used, named] = [picture, beside].map(
          (part) =>
            new Set([...part.matchAll(/(?:fill|stroke)="(#[0-9a-f]{6})"/g)].map(([, color]) => color!)),
        );
        const told = [...used!].filter((color) => COLORS.has(color));
        if (told.length > 1)
          assert.deepEqual(told.sort(), [...named!].sort(), `${name}: ${/<title>(.*?)</.exec(picture)?.[1]}`);
      }
    }
    for (const file of readdirSync(project.path('reports'), { recursive: true }) as string[])
      if (file.endsWith('.svg') && file !== 'dag.svg')
        assert.ok(existsSync(project.path('reports', file.replace(/svg$/, 'csv'))), file);
    assert.ok(pictures > 3);
    const { page, close } = await open('monitor.html', { acceptDownloads: true });
    const coming = page.waitForEvent('download');
    await page.locator('a[download]').first().click();
    const download = await coming;
    const [first] = dataIn(project.read('reports', 'monitor.html'));
    assert.equal(download.suggestedFilename(), first!.name);
    assert.equal(readFileSync(await download.path(), 'utf8'), first!.csv);
    await close();
  });

  test('nothing scrolls sideways on a phone, links lead somewhere, and no page needs JavaScript', {
    timeout: 120_000,
  }, async () => {
    for (const name of pages) {
      const { page, close } = await open(name, {
        viewport: { width: 390, height: 800 },
        javaScriptEnabled: false,
      });
      const width = await page.locator('html').evaluate((root) => root.scrollWidth);
      assert.ok(width <= 390, `${name} is ${width} wide`);
      const text = readFileSync(project.path('reports', name), 'utf8');
      for (const [, to] of text.matchAll(/ href="([^"#:]+)"/g)) {
        const path = project.path('reports', name, '..', decodeURIComponent(to!));
        assert.ok(existsSync(path), `${name} links ${to}`);
      }
      for (const [svg] of text.matchAll(/<svg(?! class="swatch")[^>]*>/g))
        assert.match(svg, /aria-label="[^"]{10,}"/, name);
      await close();
    }
  });
}
