/** Friday's deployment, by make: aliases and stages, canaries, promotions, and the way back. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { plainEnvironment } from '../../bench/project-copy.ts';
import { chapters } from '../../lib/door.ts';
import { readTable } from '../../lib/files/csv.ts';
import { takeLock } from '../../lib/files/lock.ts';
import { keptSecret } from '../../lib/files/secret.ts';
import { loadProject } from '../../lib/project.ts';
import { resolveVersion } from '../../lib/registry/pointer-files.ts';
import { ask, get, type Health, load, logLines, threeVersions } from '../serving.ts';

const TOKEN = 'token for the tests';
process.env.CLOCKWORK_ADMIN_TOKEN = TOKEN;
const project = threeVersions();
after(() => delete process.env.CLOCKWORK_ADMIN_TOKEN);

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
  assert.match(project.make('stage', 'STAGE=Archived').out, /stage +v2/);
  assert.match(
    project.make('promote', 'VERSION=v2').err,
    /v2 is archived: make stage VERSION=v2 STAGE=Staging/,
  );
  assert.match(project.make('canary', 'VERSION=v2', 'WEIGHT=10').err, /v2 is archived/);
  assert.match(project.make('stage', 'VERSION=v2', 'STAGE=Staging').out, /was Archived/);
  assert.match(project.make('alias', 'NAME=challenger', 'VERSION=none').out, /challenger is gone \(was v3\)/);
  const { out } = project.make('registry');
  assert.match(out, /v1 .*Production +champion, live 100 %/);
  assert.match(out, /v2 .*Staging/);
});

test('a canary gets its share, each key keeps its version, and the log can be checked against it', async () => {
  assert.match(
    project.make('canary', 'VERSION=v2', 'WEIGHT=30', 'REASON=try it').out,
    /v2 30 % .*the running server switched/,
  );
  const requests = await load(project, 4, { header: (i) => ({ 'x-routing-key': `customer-${i % 50}` }) });
  await requests.answered(300);
  const { failed, answered, ids } = await requests.stop();
  assert.equal(failed, 0);
  const lines = logLines(project).filter((line) => line.split === 'v1=70 v2=30');
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
  assert.equal((await get<Health>(project, '/health')).traffic.length, 1);
  assert.equal(project.make('audit').status, 0);
});

test('wrong shares are refused', () => {
  for (const [args, problem] of [
    [['canary', 'VERSION=v2'], /what share\?/],
    [['canary', 'VERSION=v2', 'WEIGHT=101'], /above 0 and at most 100/],
    [['canary', 'VERSION=v2', 'WEIGHT=ten'], /no percentage/],
    [['canary', 'VERSION=v1', 'WEIGHT=10'], /v1 is champion/],
    [['canary', 'VERSION=v9', 'WEIGHT=10'], /there is no model version "v9"/],
    [['canary', 'SPLIT=v2=60 v3=60'], /more than 100/],
  ] as const) {
    const { status, err } = project.make(...args);
    assert.equal(status, 2);
    assert.match(err, problem, args.join(' '));
  }
});

test('the pages and the administrator', async () => {
  if (existsSync('chapters/status')) {
    const page = await (await ask(project.server().url)).text();
    for (const part of [
      /<title>v1 live: clockwork-ai4i/,
      /first version to pass the gate/,
      /Recent deployments/,
    ])
      assert.match(page, part);
  }
  assert.match(await (await ask(`${project.server().url}/docs/swagger-ui-bundle.js`)).text(), /SwaggerUI/);
  const route = (authorization: string) =>
    ask(`${project.server().url}/admin/routes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify({ split: { v2: 5 }, reason: 'by the API' }),
    });
  assert.equal((await route('Bearer wrong')).status, 401);
  assert.deepEqual(await (await route(`Bearer ${TOKEN}`)).json(), { traffic: 'v1=95 v2=5' });
  assert.match(project.read('deployment_log.csv'), /POST \/admin\/routes: by the API/);
  assert.equal(project.make('canary', 'SPLIT=none').status, 0);
});

test('who shares the traffic waits for another program, and nobody else does', async () => {
  const release = takeLock(project.path('models/aliases.json.lock'));
  const { url } = project.server();
  const routed = ask(`${url}/admin/routes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ split: { v2: 5 }, reason: 'waits' }),
  });
  try {
    for (let i = 0; i < 8; i++) {
      const answer = await ask(`${url}/health`, { signal: AbortSignal.timeout(2000) });
      assert.equal(answer.status, 200);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    release();
  }
  assert.deepEqual(await (await routed).json(), { traffic: 'v1=95 v2=5' });
  assert.equal(project.make('canary', 'SPLIT=none').status, 0);
});

test('of two promotions at once none is lost: both are on record, and the last one is live', async () => {
  const both = await Promise.all(
    ['v2', 'v3'].map((version) => project.launch('model-promote', { VERSION: version }).done),
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

test('what is served is named by version, by alias, by latest or by stage, and followed', async () => {
  for (const version of ['v2', 'v3']) assert.equal(project.make('promote', `VERSION=${version}`).status, 0);
  assert.equal(project.make('alias', 'NAME=baseline', 'VERSION=v2').status, 0);
  const known = loadProject(chapters, project.path('config.yaml'));
  assert.deepEqual(
    ['v1', 'latest', 'Production', 'baseline'].map((name) => resolveVersion(known, name)),
    ['v1', 'v3', 'v3', 'v2'],
  );
  for (const [name, version] of [
    ['v1', 'v1'],
    ['Production', 'v3'],
  ] as const) {
    project.set({ model: name });
    assert.equal(project.make('start').status, 0, name);
    assert.equal((await get<Health>(project, '/health')).model, version, name);
    if (name === 'v1') {
      const { status, out } = project.make('stage', 'STAGE=Archived');
      assert.equal(status, 0);
      assert.doesNotMatch(out, /v1/, 'what config names is in use');
    }
    if (name === 'Production') {
      assert.equal(project.make('promote', 'VERSION=v2').status, 0);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      assert.equal((await get<Health>(project, '/health')).model, 'v2', 'the stage moved with the promotion');
      assert.equal(project.make('promote', 'VERSION=v3').status, 0);
    }
    assert.equal(project.make('stop').status, 0);
  }
  project.set({ model: 'nobody' });
  assert.match(project.make('start').err, /no version is nobody: make alias NAME=nobody/);
  project.set({ model: 'champion' });
});

test('what is live starts whatever the settings of the next training are', () => {
  const config = project.read('config.yaml');
  project.set({ n_estimators: '13' });
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
  const { out, err } = project.typescript('scripts/interactive.ts');
  const [first, problem] = out.trim().split('\n');
  const said = JSON.parse(first!) as { verdict: string };
  assert.match(said.verdict, /^(pass|fail|inconclusive)$/);
  assert.deepEqual(
    { ...said, verdict: 'pass|fail|inconclusive' },
    { version: 'v3', signature: 3, staged: 'v3', latest: 'v3', verdict: 'pass|fail|inconclusive' },
    err,
  );
  assert.match(problem!, /row 0: Type must be one of L, M, H/);
});

test('what lib/clockwork.ts shows of itself runs as it stands', () => {
  const started = project.make('start');
  assert.equal(started.status, 0, started.err);
  const example = (path: string) =>
    [
      ...readFileSync(path, 'utf8')
        .split('*/')[0]!
        .matchAll(/^ \* {5}(.*)$/gm),
    ]
      .map(([, line]) => line)
      .join('\n');
  const runs = 'chapters/experiments/open.ts';
  const { Type, ...numbers } = readTable(project.path('data/processed/v1_test.csv'))[0]!;
  const inputs = Object.entries(numbers).filter(([name]) => / \[/.test(name));
  const row = { Type, ...Object.fromEntries(inputs.map(([name, cell]) => [name, Number(cell)])) };
  writeFileSync(
    project.path('scripts/interactive.ts'),
    `import { connect, openRegistry } from '../lib/clockwork.ts';
${existsSync(runs) ? `import { openRuns } from '../${runs}';` : ''}
const [EXAMPLE, SERVER] = [${JSON.stringify(row)}, ${JSON.stringify(project.server().url)}];
async function all() {
${example('lib/clockwork.ts')}
${existsSync(runs) ? example(runs) : ''}
  console.log(JSON.stringify({ tried: tried.metrics.metrics.pr_auc, champion: registry.resolve('champion'), id }));
  await api.predict([{ Type: 'X' }]).catch((error) => console.log(error.message));
  await connect('http://127.0.0.1:9').modelInfo().catch((error) => console.log(error.message));
}
void all();`,
  );
  const key = keptSecret(project.path('.make/config/server.key'));
  const ran = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/interactive.ts'], {
    cwd: project.folder,
    env: { ...plainEnvironment(), CLOCKWORK_API_KEY: key },
    encoding: 'utf8',
  });
  project.make('stop');
  const [said, wrong] = ran.stdout.trim().split('\n');
  const { tried, champion, id } = JSON.parse(said ?? '{}') as {
    tried: { value: number };
    champion: string;
    id: string;
  };
  assert.ok(tried.value > 0.5 && /^[0-9a-f]{28}$/.test(id), ran.stderr);
  assert.equal(champion, 'v2');
  assert.match(wrong!, /^\/predict: 400 invalid input$/);
  assert.match(ran.stdout, /row 0: Type must be one of L, M, H/);
  assert.match(ran.stdout, /127\.0\.0\.1:9 does not answer/);
});
