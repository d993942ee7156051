/** Requests against the server of a temporary project. */
import { readdirSync, readFileSync } from 'node:fs';
import { after } from 'node:test';
import { copyOf, type TemporaryProject, THREE } from './support.ts';

export interface Health {
  readonly model: string;
  readonly traffic: { version: string; percent: number }[];
  readonly refused?: { version: string; problem: string }[];
}

/** A project with v1 champion, and v2 and v3 beside it. */
export function threeVersions(): TemporaryProject {
  return copyOf(THREE);
}

/** fetch, once more where the server closed the kept connection while this process waited for make. */
export async function ask(url: string, init?: RequestInit): Promise<Response> {
  return fetch(url, init).catch((error: Error & { cause?: NodeJS.ErrnoException }) => {
    if (!['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(error.cause?.code ?? '')) throw error;
    return fetch(url, init);
  });
}

export async function get<T>(project: TemporaryProject, path: string): Promise<T> {
  return (await (await ask(project.server().url + path)).json()) as T;
}

/** Sends the example of the signature until told to stop; counts what failed. */
export async function load(
  project: TemporaryProject,
  clients: number,
  {
    header = () => ({}),
    labelOf,
  }: {
    header?: (i: number) => Record<string, string>;
    labelOf?: (model: string, given: string) => string;
  } = {},
) {
  const { signature } = await get<{ signature: { example: object } }>(project, '/model_info');
  const { url } = project.server();
  const done = { answered: 0, failed: 0, ids: [] as string[], models: new Map<string, number>() };
  let running = true;
  after(() => {
    running = false;
  });
  const post = (path: string, body: object, headers = {}) =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const client = async (c: number) => {
    for (let i = 0; running; i++) {
      const response = await post('/predict', signature.example, header(c * 100_000 + i)).catch(
        () => undefined,
      );
      const answer =
        response?.status === 200
          ? ((await response.json()) as { id: string; model: string; class: string })
          : undefined;
      if (answer === undefined) done.failed++;
      else {
        done.answered++;
        done.ids.push(answer.id);
        if (labelOf !== undefined)
          await post(
            '/feedback',
            { id: answer.id, label: labelOf(answer.model, answer.class) },
            { authorization: `Bearer ${project.read('.make/config/server.key').trim()}` },
          );
        done.models.set(answer.model, (done.models.get(answer.model) ?? 0) + 1);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const all = Promise.all(Array.from({ length: clients }, (_, c) => client(c)));
  return {
    done,
    async answered(count: number) {
      while (done.answered < count && done.failed === 0)
        await new Promise((resolve) => setTimeout(resolve, 10));
    },
    async stop() {
      running = false;
      await all;
      return done;
    },
  };
}

/** Every event on record, as its line says it. */
export function logLines(project: TemporaryProject): Record<string, string>[] {
  const folder = project.path('data/production/predictions');
  return readdirSync(folder).flatMap((name) =>
    readFileSync(`${folder}/${name}`, 'utf8')
      .trimEnd()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, string>)
      .filter((line) => !('events' in line)),
  );
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
