/** Says which version is live, since when, and who put it there and why; AT asks about another moment. */
import { hostname } from 'node:os';
import { chapters } from '../lib/door.ts';
import { isAlive } from '../lib/files/lock.ts';
import { readDeployments } from '../lib/record/deployments.ts';
import { liveAt } from '../lib/registry/live.ts';
import { resolveVersion } from '../lib/registry/pointer-files.ts';
import { step, time } from '../lib/step.ts';
import { formatTime } from '../lib/words.ts';

step({ chapters, args: { AT: time('AT') } }, (project, { AT }) => {
  const moment = new Date(AT ?? Date.now());
  const { champion, traffic, move, until, servers } = liveAt(
    readDeployments(project.ledgers),
    moment.toISOString(),
  );
  if (champion === undefined || move === undefined) {
    console.log(`no version was live at ${formatTime(moment.toISOString())}`);
    return;
  }
  const since = formatTime(move.time);
  const span = until === undefined ? `since ${since}` : `from ${since} to ${formatTime(until)}`;
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
  const named = AT === undefined ? resolveVersion(project, model) : champion;
  if (named !== champion) console.log(`   deployment.model is ${model}: ${named} answers, not the champion`);
  const asked = AT !== undefined;
  const running = servers.filter(({ host, pid }) => asked || host !== hostname() || isAlive(Number(pid)));
  for (const { host, port, pid, model_version, change, time: since } of running)
    console.log(
      `   ${change.split(' -> ').at(-1) || model_version} answered on ${host}:${port}, process ${pid}, since ${formatTime(since)}`,
    );
  if (running.length === 0) console.log(`   no server ${asked ? 'ran then' : 'runs now: make start'}`);
});
