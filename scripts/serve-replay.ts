/** Sends a day's rows through the API at the configured rate, then the truth of those that were answered. */
import { rolesOf } from '../lib/config/roles.ts';
import { chapters } from '../lib/door.ts';
import { badInput, failed } from '../lib/fault.ts';
import { readTable } from '../lib/files/csv.ts';
import { keptSecret } from '../lib/files/secret.ts';
import type { Project } from '../lib/project.ts';
import { DAYS, dayPath } from '../lib/registry/data-versions.ts';
import { readMetadata } from '../lib/registry/versions.ts';
import { health, runningServer, serverKeyPath, sleep } from '../lib/serve/client.ts';
import { oneOf, step } from '../lib/step.ts';
import { progress, say } from '../lib/terminal.ts';
import { formatCount, formatMany } from '../lib/words.ts';

type Row = Record<string, string>;

step({ chapters, args: { DAY: oneOf('DAY', DAYS) } }, async (project, { DAY = 'quiet' }) => {
  const { replay, schema } = project.config;
  const url = runningServer(project)?.url;
  if (url === undefined) throw failed('no server runs: make start');
  const all = readTable(dayPath(project, DAY));
  const model = (await health(url))?.model;
  if (model === undefined) throw failed(`${url} does not answer: make stop, then make start`);
  const rows = withoutLearnt(project, all, model);
  const learnt = all.length - rows.length;
  if (rows.length === 0)
    throw badInput(`${model} has learnt every row of the ${DAY} day: there is nothing that it has not seen`);
  const roles = rolesOf(schema);
  const key = keptSecret(serverKeyPath(project));
  const columns = [...roles.ids, ...roles.inputs, ...roles.sensitive];
  const toJson = (row: Row) =>
    Object.fromEntries(
      columns.map(({ name, type }) => [
        name,
        row[name] === '' ? null : type === 'number' || type === 'integer' ? Number(row[name]) : row[name],
      ]),
    );

  const bar = progress('replay', rows.length);
  const answered: { id: string; label: string }[] = [];
  const latencies: number[] = [];
  let refused = 0;
  const start = performance.now();
  const send = async (batch: readonly Row[]): Promise<void> => {
    const sent = performance.now();
    const response = await post(`${url}/predict`, batch.map(toJson));
    latencies.push(performance.now() - sent);
    if (response.ok) {
      const predictions = (await response.json()) as { id: string }[];
      for (const [i, { id }] of predictions.entries())
        answered.push({ id, label: batch[i]![roles.target.name]! });
    } else if (response.status === 400) {
      // One wrong row refuses its request: the rows that were named are dropped, the others sent again.
      const { fields } = (await response.json()) as { fields: { row: number }[] };
      const wrong = new Set(fields.map(({ row }) => row));
      refused += wrong.size;
      const others = batch.filter((_, i) => !wrong.has(i));
      if (others.length > 0) await send(others);
    } else throw failed(`the server answered ${response.status} after ${answered.length} predictions`);
  };
  for (let i = 0; i < rows.length; i += replay.batch) {
    if (replay.rate > 0) await sleep(start + (i / replay.rate) * 1000 - performance.now());
    await send(rows.slice(i, i + replay.batch));
    bar.update(i + replay.batch);
  }
  for (let i = 0; i < answered.length; i += 1000) {
    const response = await post(`${url}/feedback`, answered.slice(i, i + 1000), {
      authorization: `Bearer ${key}`,
    });
    if (!response.ok)
      throw failed(`the server did not take the truth: ${response.status} ${await response.text()}`);
  }
  bar.stop();
  const median = latencies.sort((a, b) => a - b)[latencies.length >> 1] ?? 0;
  const without = refused > 0 ? `, ${formatMany(refused, 'row')} refused as invalid` : '';
  say(
    'replay',
    `${DAY} day: ${formatMany(answered.length, 'prediction')}, ${median.toFixed(1)} ms median per request of ${replay.batch}${without}, labels arrived for all answered`,
  );
  if (learnt > 0) say('', `${formatCount(learnt)} of its rows are left out: ${model} has learnt them`);
});

/** A day is what the model has not seen: rows whose identifiers, or without such all of whose cells, it was trained on are none. */
function withoutLearnt(project: Project, rows: readonly Row[], model: string): Row[] {
  const { ids, kept } = rolesOf(project.config.schema);
  const names = (ids.length > 0 ? ids : kept).map(({ name }) => name);
  const keyOf = (row: Row) => names.map((name) => row[name] ?? '').join('\n');
  const { data } = readMetadata(project, model);
  const learnt = new Set(readTable(project.path(data.path)).map(keyOf));
  return rows.filter((row) => !learnt.has(keyOf(row)));
}

async function post(
  url: string,
  body: unknown,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...more };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => {
    throw failed(
      `${url} does not answer any more: make start, then replay again (what was answered is logged)`,
    );
  });
}
