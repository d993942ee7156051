/** Sends a day's rows through the API at the configured rate, then the truth of those that were answered. */
import { parseArgs } from 'node:util';
import { loadProject } from '../lib/config/load.ts';
import { rolesOf } from '../lib/data/columns.ts';
import { badInput, failed } from '../lib/fault.ts';
import { readTable } from '../lib/files/csv.ts';
import { runningServer, sleep } from '../lib/serve/client.ts';
import { formatCount, progress, run, say } from '../lib/terminal.ts';

run(async () => {
  const { values } = parseArgs({ options: { day: { type: 'string', default: 'quiet' } } });
  const { day } = values;
  if (day !== 'quiet' && day !== 'bad') throw badInput(`there is no day "${day}": DAY=quiet or DAY=bad`);
  const project = loadProject();
  const { data, replay, schema } = project.config;
  const url = runningServer(project)?.url;
  if (url === undefined) throw failed('no server runs: make start');
  const file =
    day === 'bad'
      ? `${data.production_dir}/bad.csv`
      : `${data.processed_dir}/${replay.data_version}_test.csv`;
  const rows = readTable(project.path(file));
  const roles = rolesOf(schema);
  const columns = [...roles.ids, ...roles.inputs, ...roles.sensitive];
  const toJson = (row: Record<string, string>) =>
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
  const send = async (batch: readonly Record<string, string>[]): Promise<void> => {
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
    const response = await post(`${url}/feedback`, answered.slice(i, i + 1000));
    if (!response.ok)
      throw failed(`the server did not take the truth: ${response.status} ${await response.text()}`);
  }
  bar.stop();
  const median = latencies.sort((a, b) => a - b)[latencies.length >> 1] ?? 0;
  const without = refused > 0 ? `, ${refused} rows refused as invalid` : '';
  say(
    'replay',
    `${day} day: ${formatCount(answered.length)} predictions, ${median.toFixed(1)} ms median per request of ${replay.batch}${without}, labels arrived for all answered`,
  );
});

async function post(url: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => {
    throw failed(
      `${url} does not answer any more: make start, then replay again (what was answered is logged)`,
    );
  });
}
