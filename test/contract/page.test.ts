/** The status page in a real Chromium: wide and narrow, dark and light, with JavaScript and without. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { listen, type Served, served } from './served.ts';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
);
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

let api: Served;
let url: string;
let browser: Browser | undefined;
before(async () => {
  api = await served();
  url = await listen(api.listener);
  if (executablePath !== undefined) browser = await chromium.launch({ executablePath, args: ARGUMENTS });
});
after(async () => {
  await browser?.close();
  api.listener.server.closeAllConnections();
  api.listener.server.close();
});

/** A test in the browser that fails on any complaint of the page itself; says so where there is no browser. */
function inBrowser(what: string, options: BrowserContextOptions, work: (page: Page) => Promise<void>): void {
  test(what, async (t) => {
    if (browser === undefined) return t.skip('there is no Chromium here');
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
    await work(page);
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

inBrowser(
  'it renews itself: an alarm shows without a reload, and nothing in it is markup',
  {},
  async (page) => {
    assert.equal(await page.textContent('#state'), 'all well');
    api.state.status = { alarms: ['v2 was refused: <img src=x onerror=alert(1)>'] };
    await page.waitForSelector('section.alarm', { timeout: 6000 });
    assert.match((await page.textContent('section.alarm'))!, /<img src=x/);
    assert.equal(await page.locator('section.alarm img').count(), 0);
    assert.equal(await page.textContent('#state'), 'needs a look');
    assert.match((await page.textContent('#live'))!, /first <model>/);
    api.state.status = {};
  },
);

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'in place' : 'without JavaScript';
  inBrowser(`the form predicts ${how}, by keyboard alone`, { javaScriptEnabled }, async (page) => {
    await page.getByLabel('Type').focus();
    for (const _ of ['Air', 'Process', 'Rotational', 'Torque']) await page.keyboard.press('Tab');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('70');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#answer p');
    assert.match((await page.textContent('#answer'))!, /1 Machine failure: probability [01]\.\d{4}/);
    const line = api.recorded.at(-1)!;
    assert.equal((line.input as Record<string, number>)['Torque [Nm]'], 70);
    await page.getByLabel('Torque [Nm]').fill('seventy');
    await page.getByRole('button').click();
    await page.waitForSelector('#answer li');
    assert.match((await page.textContent('#answer'))!, /Torque \[Nm\] must be a number from 0 to 100 Nm/);
  });
}

for (const colorScheme of ['light', 'dark'] as const) {
  inBrowser(
    `on a phone nothing is cut off, and everything can be read (${colorScheme})`,
    { colorScheme, viewport: { width: 360, height: 740 } },
    async (page) => {
      assert.ok(
        await page.evaluate('document.documentElement.scrollWidth <= innerWidth'),
        'no sideways scrolling',
      );
      const unnamed = await page.evaluate(
        `[...document.querySelectorAll('input, select, svg')].filter((e) => !(e.labels?.length || e.getAttribute('aria-label'))).length`,
      );
      assert.equal(unnamed, 0);
      const background = colorScheme === 'light' ? [255, 255, 255] : [18, 18, 18];
      const colors = (await page.evaluate(
        `[...document.querySelectorAll('a, #state, p, dd, td, th, h1, h2, label, code')].map((e) => getComputedStyle(e).color)`,
      )) as string[];
      for (const color of new Set(colors)) {
        const rgb = color
          .match(/[\d.]+/g)!
          .slice(0, 3)
          .map(Number);
        const ratio = contrast(rgb, background);
        assert.ok(ratio >= 4.5, `${color}: ${ratio.toFixed(1)}`);
      }
    },
  );
}

inBrowser('the docs page shows every route, and asks no other host', {}, async (page) => {
  const hosts = new Set<string>();
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  await page.goto(`${url}/docs`);
  await page.waitForSelector('.opblock', { timeout: 10_000 });
  assert.ok((await page.locator('.opblock').count()) === api.routes.length);
  assert.deepEqual([...hosts], [new URL(url).host]);
});

/** WCAG 2.1 contrast ratio of two colours. */
function contrast(a: readonly number[], b: readonly number[]): number {
  const luminance = (rgb: readonly number[]) => {
    const [r, g, blue] = rgb.map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * blue;
  };
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}
