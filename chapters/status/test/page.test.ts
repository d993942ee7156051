/** The status page in a real Chromium: wide and narrow, dark and light, with JavaScript and without. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inBrowserAt } from '../../../test/browser.ts';
import { errorsAreNamed, posted, routesKeepTheirWord } from '../../../test/contract/contract.ts';
import { poster, row, served } from '../../../test/contract/served.ts';
import { statusRoutes } from '../route.ts';
import { readCounts, type StatusPage } from '../status.ts';

/** What the tests change of the page. */
let changed: Partial<StatusPage> = {};
const routes = statusRoutes(async ({ name, isReady, metricsText, fleet }) => ({
  name,
  time: '2026-01-02T00:00:00Z',
  ready: isReady(),
  live: {
    version: 'v1',
    sha256: 'a'.repeat(64),
    algorithm: 'RandomForest',
    data: 'v1',
    simulated: true,
    since: '2026-01-01T00:00:00Z',
    actor: 'somebody',
    reason: 'first <model>',
  },
  traffic: [{ version: 'v1', percent: 100 }],
  shadow: [],
  alarms: [],
  counts: readCounts(await metricsText()),
  cards: [],
  deployments: [],
  decisions: [],
  signature: fleet.current().model.loaded.signature,
  thresholds: [0.5],
  ...changed,
}));
const make = () => served({ more: [() => routes] });
const inBrowser = inBrowserAt('/', make);

routesKeepTheirWord('the page', make);
const wrongForm = posted('Type=L', 'application/x-www-form-urlencoded');
errorsAreNamed('the page', make, [
  ['status_form', '/', posted('{}'), 415],
  ['status_form', '/', posted(' '.repeat(20_001), 'application/x-www-form-urlencoded'), 413],
  [
    'status_form',
    '/',
    { ...wrongForm, headers: { ...wrongForm.headers, 'sec-fetch-site': 'cross-site' } },
    403,
  ],
]);

test('the page allows GET and POST, and a form of another origin puts nothing on record', async () => {
  const api = await make();
  assert.equal((await api.app.request('/', { method: 'DELETE' })).headers.get('allow'), 'GET, POST');
  const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  const sent = await poster(api.app)('/', row, {
    ...evil,
    'content-type': 'application/x-www-form-urlencoded',
  });
  assert.equal(sent.status, 403);
  assert.equal(api.recorded.length, 0);
});

inBrowser(
  'it renews itself: an alarm shows without a reload, and nothing in it is markup',
  {},
  async (page) => {
    assert.equal(await page.textContent('#state'), 'all well');
    changed = { alarms: ['v2 was refused: <img src=x onerror=alert(1)>'] };
    await page.waitForSelector('section.alarm', { timeout: 6000 });
    assert.match((await page.textContent('section.alarm'))!, /<img src=x/);
    assert.equal(await page.locator('section.alarm img').count(), 0);
    assert.equal(await page.textContent('#state'), 'needs a look');
    assert.match((await page.textContent('#live'))!, /first <model>/);
    changed = {};
  },
);

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'in place' : 'without JavaScript';
  inBrowser(`the form predicts ${how}, by keyboard alone`, { javaScriptEnabled }, async (page, _, api) => {
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
