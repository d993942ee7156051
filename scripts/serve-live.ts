/** Says which version is live, since when, and who put it there and why; --at asks about another moment. */
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { loadProject } from '../lib/config/load.ts';
import { badInput } from '../lib/fault.ts';
import { isAlive } from '../lib/files/lock.ts';
import { liveAt, readDeployments } from '../lib/registry/deployments.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { run } from '../lib/terminal.ts';

run(() => {
  const { values } = parseArgs({ options: { at: { type: 'string' } } });
  const at = values.at || undefined;
  const moment = at === undefined ? new Date() : new Date(at);
  if (Number.isNaN(moment.getTime())) throw badInput(`AT=${at} is no time: write AT=2026-11-20T10:00Z`);
  const project = loadProject();
  const { champion, traffic, move, until, servers } = liveAt(readDeployments(project), moment.toISOString());
  if (champion === undefined || move === undefined) {
    console.log(`no version was live at ${minute(moment.toISOString())}`);
    return;
  }
  const span =
    until === undefined ? `since ${minute(move.time)}` : `from ${minute(move.time)} to ${minute(until)}`;
  const rest = 100 - Object.values(traffic.split).reduce((sum, percent) => sum + percent, 0);
  const shares = [
    `${champion} ${rest === 100 ? '' : '(champion) '}${rest} %`,
    ...Object.entries(traffic.split).map(([version, percent]) => `${version} (canary) ${percent} %`),
    ...traffic.shadow.map((version) => `${version} (shadow)`),
  ].join(' · ');
  console.log(
    `${shares}   ${span}, ${move.event} by ${move.actor}: "${move.reason}"   deployment_log.csv line ${move.number}`,
  );
  const { model } = project.config.deployment;
  const named = at === undefined ? resolveVersion(project, model) : champion;
  if (named !== champion) console.log(`   deployment.model is ${model}: ${named} answers, not the champion`);
  const asked = at !== undefined;
  const running = servers.filter(({ host, pid }) => asked || host !== hostname() || isAlive(Number(pid)));
  for (const { host, port, pid, model_version, change, time } of running) {
    console.log(
      `   ${change.split(' -> ').at(-1) || model_version} answered on ${host}:${port}, process ${pid}, since ${minute(time)}`,
    );
  }
  if (running.length === 0) console.log(`   no server ${asked ? 'ran then' : 'runs now: make start'}`);
});

function minute(time: string): string {
  return `${time.slice(0, 19).replace('T', ' ')} UTC`;
}
