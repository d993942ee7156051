/** Friday's deployment, by make: aliases and stages, canary, shadow, rollout, workers, and the way back. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { temporaryProject } from '../support.ts';

const TOKEN = 'token for the tests';
process.env.CLOCKWORK_ADMIN_TOKEN = TOKEN;
const project = temporaryProject();
after(() => delete process.env.CLOCKWORK_ADMIN_TOKEN);

const configured = (key: string, value: string) =>
  project.configure([
    new RegExp(`^ +${key}: .*$`, 'm').exec(project.read('config.yaml'))![0].trim(),
    `${key}: ${value}`,
  ]);

before(() => {
  configured('bootstrap_rounds', '100');
  for (const trees of [20, 21, 22]) {
    configured('n_estimators', String(trees));
    const { status, err } = project.make('train');
    assert.equal(status, 0, err);
    if (trees === 20) assert.equal(project.make('smoke').status, 0, 'the first version goes live');
  }
});

const url = () => (JSON.parse(project.read('.make/config/server.json')) as { url: string }).url;
const workers = () => (JSON.parse(project.read('.make/config/server.json')) as { workers: number[] }).workers;
const get = async <T>(path: string) => (await (await fetch(url() + path)).json()) as T;

interface Health {
  readonly model: string;
  readonly traffic: { version: string; percent: number }[];
  readonly refused?: { version: string; problem: string }[];
}

let example: object;

const feedback = (id: string, label: string) =>
  fetch(`${url()}/feedback`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id, label }),
  });

/** Sends requests until told to stop; counts what failed. */
function load(
  clients: number,
  header: (i: number) => Record<string, string> = () => ({}),
  labelOf?: (model: string, given: string) => string,
) {
  const done = { answered: 0, failed: 0, ids: [] as string[], models: new Map<string, number>() };
  let running = true;
  const client = async (c: number) => {
    for (let i = 0; running; i++) {
      const response = await fetch(`${url()}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...header(c * 100_000 + i) },
        body: JSON.stringify(example),
      }).catch(() => undefined);
      const answer =
        response?.status === 200
          ? ((await response.json()) as { id: string; model: string; class: string })
          : undefined;
      if (answer === undefined) done.failed++;
      else {
        done.answered++;
        done.ids.push(answer.id);
        if (labelOf !== undefined) await feedback(answer.id, labelOf(answer.model, answer.class));
        done.models.set(answer.model, (done.models.get(answer.model) ?? 0) + 1);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const all = Promise.all(Array.from({ length: clients }, (_, c) => client(c)));
  return {
    done,
    async stop() {
      running = false;
      await all;
      return done;
    },
  };
}

const logLines = () => {
  const folder = project.path('data/production/predictions');
  return readdirSync(folder).flatMap((name) =>
    readFileSync(`${folder}/${name}`, 'utf8')
      .trimEnd()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, string>),
  );
};

test('aliases and stages: set, reserved, in use, archived, and what is archived cannot come back by accident', () => {
  assert.equal(project.make('start').status, 0);
  assert.match(project.make('alias', 'NAME=challenger', 'VERSION=v2').out, /challenger is v2/);
  assert.match(project.make('alias', 'NAME=challenger', 'VERSION=v3').out, /challenger is v3 \(was v2\)/);
  assert.match(project.make('alias', 'NAME=challenger').out, /challenger is v3/);
  assert.match(project.make('alias', 'NAME=v2', 'VERSION=v1').err, /reserved/);
  assert.match(project.make('alias', 'NAME=../x', 'VERSION=v1').err, /is no alias/);
  assert.match(project.make('alias', 'NAME=x', 'VERSION=../../etc').err, /there is no model version/);
  assert.match(project.make('stage', 'VERSION=v3', 'STAGE=Archived').err, /v3 is in use \(challenger\)/);
  assert.match(project.make('stage', 'VERSION=v2', 'STAGE=Production').err, /make promote VERSION=v2/);
  assert.match(project.make('stage', 'VERSION=v2', 'STAGE=Live').err, /no stage "Live": None, Staging/);
  assert.match(project.make('archive').out, /archive +v2/);
  assert.match(
    project.make('promote', 'VERSION=v2').err,
    /v2 is archived: make stage VERSION=v2 STAGE=Staging/,
  );
  assert.match(project.make('canary', 'VERSION=v2', 'WEIGHT=10').err, /v2 is archived/);
  assert.match(project.make('stage', 'VERSION=v2', 'STAGE=Staging').out, /was Archived/);
  assert.match(project.make('alias', 'NAME=challenger', 'VERSION=none').out, /challenger is gone \(was v3\)/);
  const { out } = project.make('versions');
  assert.match(out, /v1 .*Production +champion, live 100 %/);
  assert.match(out, /v2 .*Staging/);
});

test('a canary gets its share, each key keeps its version, and the log can be checked against it', async () => {
  ({ example } = (await get<{ signature: { example: object } }>('/model_info')).signature);
  assert.match(
    project.make('canary', 'VERSION=v2', 'WEIGHT=30', 'REASON=try it').out,
    /v2 30 % .*the running server switched/,
  );
  const requests = load(4, (i) => ({ 'x-routing-key': `customer-${i % 50}` }));
  await new Promise((resolve) => setTimeout(resolve, 800));
  const { failed, answered, ids } = await requests.stop();
  assert.equal(failed, 0);
  const lines = logLines().filter((line) => line.split === 'v1=70 v2=30');
  assert.ok(answered > 100 && lines.length >= answered);
  const byKey = new Map<string, Set<string>>();
  for (const { key, model } of lines) byKey.set(key!, (byKey.get(key!) ?? new Set()).add(model!));
  assert.ok([...byKey.values()].every((models) => models.size === 1));
  const share = lines.filter(({ model }) => model === 'v2').length / lines.length;
  assert.ok(share > 0.1 && share < 0.5, String(share));
  assert.match(
    project.make('trace', `ID=${ids[0]}`).out,
    /of v1=70 v2=30 by key customer-\d+, drawn again the same/,
  );
  assert.match(
    project.make('live').out,
    /^v1 \(champion\) 70 % · v2 \(canary\) 30 % .*traffic by .*"try it"/,
  );
  assert.match(project.make('rollback').out, /v2 gets no more traffic; v1 stays champion/);
  assert.equal((await get<Health>('/health')).traffic.length, 1);
  assert.equal(project.make('audit').status, 0);
});

test('wrong shares are refused', () => {
  for (const [args, problem] of [
    [['canary', 'VERSION=v2'], /what share\?/],
    [['canary', 'VERSION=v2', 'WEIGHT=101'], /above 0 and at most 100/],
    [['canary', 'VERSION=v2', 'WEIGHT=ten'], /no percentage/],
    [['canary', 'VERSION=v1', 'WEIGHT=10'], /v1 is champion/],
    [['canary', 'VERSION=v9', 'WEIGHT=10'], /there is no model version "v9"/],
    [['split', 'SPLIT=v2=60 v3=60'], /more than 100/],
    [['split'], /which shares/],
    [['shadow'], /which version/],
  ] as const) {
    const { status, err } = project.make(...args);
    assert.equal(status, 2);
    assert.match(err, problem, args.join(' '));
  }
});

test('a shadow answers every request, after it, in the log alone', async () => {
  assert.match(project.make('shadow', 'VERSION=v3').out, /v3 shadows/);
  const requests = load(2);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { models, ids } = await requests.stop();
  assert.deepEqual([...models.keys()], ['v1']);
  const wanted = new Set(ids);
  const shadowed = () =>
    new Set(
      logLines().flatMap((line) => (line.route === 'shadow' && wanted.has(line.of!) ? [line.of!] : [])),
    );
  for (let i = 0; i < 100 && shadowed().size < wanted.size; i++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(shadowed().size, wanted.size);
  assert.ok(
    logLines()
      .filter(({ route }) => route === 'shadow')
      .every(({ model }) => model === 'v3'),
  );
  assert.match(project.make('shadow', 'VERSION=none').out, /the model answers alone/);
});

test('the pages and the administrator', async () => {
  const page = await (await fetch(url())).text();
  for (const part of [
    /<title>v1 live: clockwork-ai4i/,
    /first version to pass the gate/,
    /Recent deployments/,
    /make shadow/,
  ])
    assert.match(page, part);
  assert.match(await (await fetch(`${url()}/docs/swagger-ui-bundle.js`)).text(), /SwaggerUI/);
  const route = (authorization: string) =>
    fetch(`${url()}/admin/routes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify({ split: { v2: 5 }, reason: 'by the API' }),
    });
  assert.equal((await route('Bearer wrong')).status, 401);
  assert.deepEqual(await (await route(`Bearer ${TOKEN}`)).json(), { traffic: 'v1=95 v2=5' });
  assert.match(project.read('deployment_log.csv'), /POST \/admin\/routes: by the API/);
  assert.equal(project.make('split', 'SPLIT=none').status, 0);
});

test('of two promotions at once none is lost: both are on record, and the last one is live', async () => {
  const both = await Promise.all(
    ['v2', 'v3'].map((version) => project.launch('model-promote', version).done),
  );
  assert.deepEqual(
    both.map(({ status }) => status),
    [0, 0],
    both.map(({ err }) => err).join(),
  );
  const moves = project
    .read('deployment_log.csv')
    .split('\n')
    .filter((line) => line.includes(',promotion,'))
    .slice(-2);
  assert.equal(moves.length, 2);
  const { champion } = JSON.parse(project.read('models/aliases.json')) as { champion: string };
  assert.match(moves[1]!, new RegExp(`-> ${champion},`));
  assert.match(moves[0]!, /champion: v1 -> v[23]/);
  assert.equal(project.make('promote', 'VERSION=v1').status, 0);
  assert.equal(project.make('audit').status, 0);
  assert.equal(project.make('stop').status, 0);
});

test('a rollout steps up while it passes, goes on where it was interrupted, and ends with a champion', async () => {
  configured('steps', '[30, 60]');
  configured('dwell_seconds', '1');
  configured('min_requests', '30');
  configured('failures', '0.2');
  configured('latency_ratio', '20');
  configured('score_psi', '3');
  assert.equal(project.make('start').status, 0);
  const quiet = project.make('rollout', 'VERSION=v2');
  assert.match(
    quiet.err,
    /step 1 of 2, 30 %: inconclusive .*0 answers of the new version .*\n.*paused at 30 %/,
    'no data is no pass',
  );
  assert.ok(existsSync(project.path('models/rollout.json')));
  assert.match(project.make('rollout', 'VERSION=v3').err, /v2 is being rolled out/);
  const requests = load(4);
  const { out, err } = await project.launch('serve-rollout', 'v2').done;
  const { failed } = await requests.stop();
  assert.match(out, /v2 goes on with step 1 of 2/, err);
  assert.match(out, /step 1 of 2, 30 %: pass/);
  assert.match(out, /step 2 of 2, 60 %: pass/);
  assert.match(out, /v2 is champion \(was v1\); the running server switched/);
  assert.equal(failed, 0);
  assert.ok(!existsSync(project.path('models/rollout.json')));
  const steps = project
    .read('deployment_log.csv')
    .split('\n')
    .filter((line) => line.includes(',rollout,'));
  assert.deepEqual(
    steps.map((line) => /step \d of 2, \d+ %: \w+/.exec(line)![0]),
    ['step 1 of 2, 30 %: inconclusive', 'step 1 of 2, 30 %: pass', 'step 2 of 2, 60 %: pass'],
  );
});

test('a step that fails takes the traffic back', async () => {
  const requests = load(
    4,
    () => ({}),
    (model, given) => (model === 'v3' ? String(1 - Number(given)) : given),
  );
  const { status, out, err } = await project.launch('serve-rollout', 'v3').done;
  await requests.stop();
  assert.equal(status, 3, out);
  assert.match(
    err,
    /step 1 of 2, 30 %: fail .*errors 1\.000 .* beyond 0\.05\n.*v3 gets no more traffic; v2 answers alone/,
  );
  assert.equal((await get<Health>('/health')).traffic.length, 1);
});

test('a server that dies under a rollout, and a hand that moves the traffic, end it', async () => {
  configured('dwell_seconds', '30');
  const disturbed = project.launch('serve-rollout', 'v3');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.match(project.make('rollback').out, /v3 gets no more traffic/);
  assert.match((await disturbed.done).err, /somebody else moved the traffic/);
  const orphaned = project.launch('serve-rollout', 'v3');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  process.kill((JSON.parse(project.read('.make/config/server.json')) as { pid: number }).pid, 'SIGKILL');
  assert.match((await orphaned.done).err, /fail +the server does not answer\n.*v3 gets no more traffic/);
  assert.deepEqual(JSON.parse(project.read('models/traffic.json')), { split: {}, shadow: [] });
  assert.equal(project.make('doctor').status, 0);
});

test('two workers share the port: a promotion reaches both, a restart and a dead one drop nothing', async () => {
  configured('workers', '2');
  assert.match(project.make('start').out, /2 workers on/);
  assert.match(project.make('start').out, /runs already/);
  const before = workers();
  assert.equal(before.length, 2);
  const switches = () => project.read('deployment_log.csv').split(',switch,v2 -> v3,').length;
  const switchesBefore = switches();
  const requests = load(6);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(project.make('promote', 'VERSION=v3').status, 0);
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(switches() - switchesBefore, 2);
  const { status, out, err } = await project.launch('serve-restart').done;
  assert.equal(status, 0, err);
  assert.match(out, /2 workers restarted/);
  assert.ok(workers().every((pid) => !before.includes(pid)));
  const { failed, answered } = await requests.stop();
  assert.equal(failed, 0, `of ${answered}`);
  const metrics = await (await fetch(`${url()}/metrics`)).text();
  assert.match(metrics, /clockwork_traffic_percent\{version="v3"\} 100/);
  process.kill(workers()[0]!, 'SIGKILL');
  for (let i = 0; i < 60 && (workers().length < 2 || workers().some((pid) => !alive(pid))); i++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(workers().length === 2 && workers().every(alive), 'another took its place');
  assert.equal(project.make('smoke').status, 0);
  assert.equal(project.make('stop').status, 0);
  assert.equal(project.make('audit').status, 0);
});

test('what is served is named by version, by alias, by latest or by stage, and followed', async () => {
  configured('workers', '1');
  for (const [name, version] of [
    ['v1', 'v1'],
    ['latest', 'v3'],
    ['Production', 'v3'],
    ['baseline', 'v2'],
  ] as const) {
    if (name === 'baseline') assert.equal(project.make('alias', 'NAME=baseline', 'VERSION=v2').status, 0);
    configured('model', name);
    assert.equal(project.make('start').status, 0, name);
    assert.equal((await get<Health>('/health')).model, version, name);
    if (name === 'v1') {
      const { status, out } = project.make('archive');
      assert.equal(status, 0);
      assert.doesNotMatch(out, /v1/, 'what config names is in use');
    }
    if (name === 'Production') {
      assert.equal(project.make('promote', 'VERSION=v2').status, 0);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      assert.equal((await get<Health>('/health')).model, 'v2', 'the stage moved with the promotion');
      assert.equal(project.make('promote', 'VERSION=v3').status, 0);
    }
    assert.equal(project.make('stop').status, 0);
  }
  configured('model', 'nobody');
  assert.match(project.make('start').err, /no version is nobody: make alias NAME=nobody/);
  configured('model', 'champion');
});

test('workers whose supervisor was killed end by themselves', async () => {
  configured('workers', '2');
  assert.equal(project.make('start').status, 0);
  const pids = workers();
  process.kill((JSON.parse(project.read('.make/config/server.json')) as { pid: number }).pid, 'SIGKILL');
  for (let i = 0; i < 50 && pids.some(alive); i++) await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(!pids.some(alive));
  assert.match(project.make('start').out, /2 workers on/, 'and the port is free again');
  assert.equal(project.make('stop').status, 0);
  configured('workers', '1');
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a process that has the number of a dead server is not taken for it', () => {
  const state = { pid: process.pid, started: '1', url: 'http://127.0.0.1:1', workers: [process.pid] };
  writeFileSync(project.path('.make/config/server.json'), JSON.stringify(state));
  assert.match(project.make('start').out, /v3 live on/);
  assert.equal(project.make('stop').status, 0);
});

test('of two starts at once one serves and one says so', async () => {
  const both = await Promise.all([project.launch('serve-start').done, project.launch('serve-start').done]);
  const urls = new Set(
    both.flatMap(({ out, err }) => /http:\/\/127\.0\.0\.1:\d+/.exec(out + err)?.[0] ?? []),
  );
  assert.equal(urls.size, 1, JSON.stringify(both));
  assert.equal(project.make('stop').status, 0);
  await assert.rejects(fetch([...urls][0]!), 'and none is left over');
});

test('what is live starts whatever the settings of the next training are', () => {
  const config = project.read('config.yaml');
  configured('n_estimators', '23');
  assert.match(project.make('start').out, /^serve +v3 live on/);
  assert.equal(project.make('stop').status, 0);
  writeFileSync(project.path('config.yaml'), config);
  assert.match(project.make('rollback').out, /v2 is champion again/);
  assert.match(project.make('rollback').err, /no previous champion/, 'a second press does not bring it back');
  assert.equal(project.make('promote', 'VERSION=v3').status, 0);
});

test('the registry from TypeScript', () => {
  writeFileSync(
    project.path('scripts/interactive.ts'),
    `import { openRegistry } from '../lib/clockwork.ts';
     const registry = openRegistry();
     const { predict, version } = registry.load('champion');
     const { signature } = JSON.parse(JSON.stringify({ signature: registry.versions().length }));
     console.log(JSON.stringify({ version, signature, staged: registry.resolve('Production'), latest: registry.resolve('latest'),
       verdict: registry.compare('v1', 'v2').differences.pr_auc.verdict }));
     try { predict([{ Type: 'X' }]); } catch (error) { console.log(error.message.split('\\n')[0]); }`,
  );
  const { out, err } = project.script('interactive');
  const [first, problem] = out.trim().split('\n');
  assert.deepEqual(
    JSON.parse(first!),
    { version: 'v3', signature: 3, staged: 'v3', latest: 'v3', verdict: 'inconclusive' },
    err,
  );
  assert.match(problem!, /row 0: Type must be one of L, M, H/);
});
