/** Pages of a served API in a real Chromium. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { listen, type Served } from './contract/served.ts';

export const executablePath = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find(existsSync);
export const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** A test in the browser that fails on any complaint of the page itself; says so where there is no browser. */
export type InBrowser = (
  what: string,
  options: BrowserContextOptions,
  work: (page: Page, url: string, api: Served) => Promise<void>,
) => void;

/** Begins each test at a path of the API. */
export function inBrowserAt(path: string, make: () => Promise<Served>): InBrowser {
  let api: Served;
  let url: string;
  let browser: Browser | undefined;
  before(async () => {
    api = await make();
    url = await listen(api.listener);
    if (executablePath !== undefined) browser = await chromium.launch({ executablePath, args: ARGUMENTS });
  });
  after(async () => {
    await browser?.close();
    api.listener.server.closeAllConnections();
    api.listener.server.close();
  });
  return (what, options, work) => {
    test(what, async (t) => {
      if (browser === undefined) return t.skip('there is no Chromium here');
      const context = await browser.newContext(options);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(url + path);
      await work(page, url, api);
      assert.deepEqual(complaints, []);
      await context.close();
    });
  };
}
