/** A real broker that asks who is there and speaks TLS alone: who has the secrets gets in, and nobody else. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { sleep } from '../../../lib/serve/client.ts';
import { endBeforeRemoval, temporaryFolder, trainedProject } from '../../../test/support.ts';
import { CLIENT, endWith, freePorts, isPortOpen, missing, run, settingsOf } from './cluster.ts';

const [USER, PASSWORD] = ['clockwork', 'a-password$with_signs%9'];
const STORE = 'of-the-store';
const absent = missing ?? ['keytool'].find((name) => spawnSync(name, ['-help']).error !== undefined);

if (absent !== undefined) {
  test('Kafka by TLS', (t) => t.skip(`${absent} is not here`));
} else {
  const project = trainedProject();
  endWith(project);
  const folder = temporaryFolder();
  const at = (...parts: string[]) => join(folder, ...parts);
  let broker: ChildProcess | undefined;
  endBeforeRemoval(folder, () => broker?.kill('SIGKILL'));

  const keytool = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('keytool', args, { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  };
  before(async () => {
    const [plain, port] = (await freePorts(2)) as [number, number];
    project.configure(['127.0.0.1:19092', `127.0.0.1:${plain}`]);
    assert.equal(project.make('promote', 'VERSION=v1', 'REASON=prove').status, 0);
    // Brings the broker's archives and our client; this broker is another.
    assert.equal(project.make('broker').status, 0);
    assert.equal(project.make('broker', 'STOP=yes').status, 0);
    assert.equal(project.make(CLIENT).status, 0);
    project.configure([`127.0.0.1:${plain}`, `localhost:${port}`], ['tls: false', 'tls: true']);
    const store = [
      '-keystore',
      at('store.p12'),
      '-storetype',
      'PKCS12',
      '-storepass',
      STORE,
      '-alias',
      'broker',
    ];
    const name = ['-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost,ip:127.0.0.1', '-ext', 'bc=ca:true'];
    keytool('-genkeypair', '-keyalg', 'RSA', '-keysize', '2048', '-validity', '2', ...name, ...store);
    keytool('-exportcert', '-rfc', '-file', at('broker.pem'), ...store);
    const jaas = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${USER}="${PASSWORD}";`;
    writeFileSync(
      at('broker.properties'),
      `process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${plain + 1000}
listeners=PLAINTEXT://127.0.0.1:${plain},CONTROLLER://127.0.0.1:${plain + 1000},SASL_SSL://127.0.0.1:${port}
advertised.listeners=PLAINTEXT://127.0.0.1:${plain},CONTROLLER://127.0.0.1:${plain + 1000},SASL_SSL://localhost:${port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=${jaas}
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PKCS12
ssl.keystore.location=${at('store.p12')}
ssl.keystore.password=${STORE}
log.dirs=${at('log')}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=8388608
auto.create.topics.enable=false
`,
    );
    const java = [
      '-Xmx192m',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-cp',
      `${project.path('.make/config/kafka/libs')}/*`,
    ];
    const format = ['kafka.tools.StorageTool', 'format', '--standalone', '-c', at('broker.properties')];
    const scram = [256, 512].flatMap((bits) => [
      '--add-scram',
      `SCRAM-SHA-${bits}=[name=${USER},password=${PASSWORD}]`,
    ]);
    const id = spawnSync('java', [...java, 'kafka.tools.StorageTool', 'random-uuid'], { encoding: 'utf8' });
    const formatted = spawnSync(
      'java',
      [...java, ...format, ...scram, '-t', id.stdout.trim().split('\n').at(-1)!],
      {
        encoding: 'utf8',
      },
    );
    assert.equal(formatted.status, 0, formatted.stdout + formatted.stderr);
    const log = openSync(at('broker.log'), 'a');
    broker = spawn('java', [...java, 'kafka.Kafka', at('broker.properties')], {
      stdio: ['ignore', log, log],
    });
    for (let tries = 0; tries < 300 && !(await isPortOpen(port)); tries++) await sleep(100);
  });

  const produce = (environment: Record<string, string>) =>
    run(project, 'kafka-produce', {
      CSV: 'data/processed/v1_test.csv',
      NODE_EXTRA_CA_CERTS: at('broker.pem'),
      CLOCKWORK_KAFKA_USER: USER,
      CLOCKWORK_KAFKA_PASSWORD: PASSWORD,
      ...environment,
    }).ended;

  for (const sasl of ['plain', 'scram-sha-256', 'scram-sha-512'])
    test(`who has the password gets in by ${sasl}, and nobody else`, { timeout: 120_000 }, async () => {
      project.configure([`sasl: ${settingsOf(project).sasl}`, `sasl: ${sasl}`]);
      const { code, said } = await produce({});
      assert.equal(code, 0, said + readFileSync(at('broker.log'), 'utf8').slice(-2000));
      assert.match(said, /900 rows to clockwork\.rows/);
      const wrong = await produce({ CLOCKWORK_KAFKA_PASSWORD: 'of somebody else' });
      assert.notEqual(wrong.code, 0);
      assert.match(wrong.said, /localhost:\d+: .*(SASL|[Aa]uthenticat)/);
      assert.doesNotMatch(wrong.said, /is a broker there/);
      assert.doesNotMatch(wrong.said, /of somebody else|\n {4}at /);
    });

  test('a certificate that nobody vouches for is refused', { timeout: 60_000 }, async () => {
    const { code, said } = await produce({ NODE_EXTRA_CA_CERTS: '' });
    assert.notEqual(code, 0);
    assert.match(said, /certificate/);
  });

  test('rows are predicted by TLS as well', { timeout: 60_000 }, async () => {
    const { code, said } = await run(project, 'kafka-consume', {
      ROWS: '900',
      NODE_EXTRA_CA_CERTS: at('broker.pem'),
      CLOCKWORK_KAFKA_USER: USER,
      CLOCKWORK_KAFKA_PASSWORD: PASSWORD,
    }).ended;
    assert.equal(code, 0, said);
    assert.match(said, /900 rows predicted/);
    assert.ok(existsSync(project.path('.make/config/kafka/standing')));
  });
}
