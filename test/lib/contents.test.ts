/** The list of reports: what is there, newest first, made anew when a page came, changed or went, and no text of a page is markup in it. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeContents } from '../../lib/page/contents.ts';
import { temporaryFolder } from '../support.ts';

test('every page that is there is listed, and the list follows', async () => {
  const folder = temporaryFolder();
  const at = (...parts: string[]) => join(folder, ...parts);
  const write = (name: string, title: string, seconds: number) => {
    mkdirSync(join(at(name), '..'), { recursive: true });
    writeFileSync(at(name), `<!doctype html><title>${title}</title>`);
    utimesSync(at(name), seconds, seconds);
  };
  await writeContents(folder, 'p');
  assert.ok(statSync(at('index.html'), { throwIfNoEntry: false }) === undefined, 'no page, no list');
  write('monitor.html', 'Monitoring of v1 &amp; &lt;script&gt;', 1000);
  write('monitor.json', '', 1000);
  write('tuning/leaderboard.html', 'Search', 3000);
  write('model_card_v1.md', '', 2000);
  write('dag.svg', '', 500);
  write('report_v1_comment.md', '', 500);
  write("it's.html", 'no name that a page links to', 500);
  for (let i = 0; i < 20; i++) write(`runs/${i}.html`, 'Run', 100);
  await writeContents(folder, 'p & <q>');
  const list = () => readFileSync(at('index.html'), 'utf8');
  const links = () => [...list().matchAll(/<tr><td><a href="([^"]+)"/g)].map(([, page]) => page);
  assert.deepEqual(links(), ['tuning/leaderboard.html', 'model_card_v1.md', 'monitor.html', 'dag.svg']);
  assert.match(list(), />Monitoring of v1 &amp; &lt;script&gt;<\/a><\/td><td><a href="monitor\.json">/);
  assert.match(list(), /<h1>Reports of p &amp; &lt;q&gt;<\/h1>/);
  const before = list();
  utimesSync(at('index.html'), 5000, 5000);
  await writeContents(folder, 'p');
  assert.equal(list(), before, 'nothing is newer');
  rmSync(at('dag.svg'));
  await writeContents(folder, 'p');
  assert.deepEqual(links(), ['tuning/leaderboard.html', 'model_card_v1.md', 'monitor.html']);
});
