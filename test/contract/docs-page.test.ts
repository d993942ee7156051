/** The API's own documentation, as a page. */
import assert from 'node:assert/strict';
import { inBrowserAt } from '../browser.ts';
import { served } from './served.ts';

const inBrowser = inBrowserAt('/health', served);

inBrowser('the docs page shows every route, and asks no other host', {}, async (page, url, api) => {
  const hosts = new Set<string>();
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  await page.goto(`${url}/docs`);
  await page.waitForSelector('.opblock', { timeout: 10_000 });
  assert.ok((await page.locator('.opblock').count()) === api.routes.length);
  assert.deepEqual([...hosts], [new URL(url).host]);
});
