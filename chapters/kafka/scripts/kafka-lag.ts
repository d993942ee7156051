/** How far the topics are read, by partition: what is left, what holds the watermark back, what came late; printed, and as a page. */
import { join } from 'node:path';
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { failed } from '../../../lib/fault.ts';
import { writeAtomic } from '../../../lib/files/write.ts';
import { heading, table, text, toHtml } from '../../../lib/page/blocks.ts';
import { step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatCount, formatMany, formatTime } from '../../../lib/words.ts';
import { makeTopics, openKafka, reasonOf } from '../client.ts';
import { readLag, type TopicLag } from '../lag.ts';
import { kafkaSection } from '../settings.ts';
import { readStandings, type Standing } from '../standing.ts';

step({ chapters }, async (project) => {
  const settings = sectionOf(project.config, kafkaSection);
  const kafka = await openKafka(settings);
  await makeTopics(kafka, settings);
  const lags = await readLag(kafka, settings, project).catch((error: unknown) => {
    throw failed(`${settings.brokers.join(', ')}: ${reasonOf(error)}`);
  });
  const standings = readStandings(project);
  for (const lag of lags) {
    for (const [partition, end, left, latest, how] of rowsOf(lag, standings))
      console.log(
        `${lag.topic} ${partition}   ends at ${end}   not read ${left}   latest ${latest}   ${how}`,
      );
    say(lag.role, ...describe(lag, standings));
  }
  for (const standing of standings.filter(({ role, isRunning }) => role === 'share' && isRunning))
    say('share', `${formatMany(standing.events, 'event')} sent, ${rate(standing.per_second)}`);
  const path = join(project.reports, 'kafka.html');
  const columns = ['#Partition', '#Ends at', '#Not read', 'Latest (UTC)', 'How it stands'];
  const page = await toHtml(`Topics of ${project.config.project_name}`, [
    heading(1, 'How far the topics are read'),
    text(`Broker ${settings.brokers.join(', ')}, ${formatTime(new Date().toISOString())}.`),
    ...lags.flatMap((lag) => [
      heading(2, lag.topic),
      text(`${lag.role}: ${describe(lag, standings).join('; ')}.`),
      table(columns, rowsOf(lag, standings)),
    ]),
  ]);
  writeAtomic(path, page);
  say('lag', path);
  process.exit(0);
});

function of({ role }: TopicLag, standings: readonly Standing[]): Standing[] {
  return standings.filter((standing) => standing.role === role);
}

function rate(perSecond: number): string {
  return `${formatCount(Math.round(perSecond))} a second`;
}

function describe(lag: TopicLag, standings: readonly Standing[]): string[] {
  const known = of(lag, standings);
  const running = known.filter(({ isRunning }) => isRunning);
  const sum = (count: (standing: Standing) => number) => known.reduce((all, each) => all + count(each), 0);
  const left = lag.partitions.reduce((all, each) => all + each.lag, 0);
  const marks = known.flatMap(({ watermark }) => watermark ?? []);
  const speed = sum(({ isRunning, per_second }) => (isRunning ? per_second : 0));
  const who =
    running.length === 0
      ? 'nobody reads here'
      : `${formatMany(running.length, 'process reads', 'processes read')} here, ${rate(speed)}`;
  const until =
    marks.length === 0
      ? 'no watermark yet'
      : `all is there until ${formatTime(new Date(Math.min(...marks)).toISOString())}`;
  const [late, dead, rebalances] = [
    sum((each) => each.late),
    sum((each) => each.dead),
    sum((each) => each.rebalances),
  ];
  const counts = `${formatCount(late)} late, ${formatCount(dead)} dead, ${formatMany(rebalances, 'rebalance')}`;
  return [`${formatMany(left, 'message')} not read, ${who}`, `${until}; ${counts}`];
}

/** As cells of the page and the terminal alike. */
function rowsOf(lag: TopicLag, standings: readonly Standing[]): string[][] {
  const known = of(lag, standings);
  return lag.partitions.map(({ partition, end, lag: left }) => {
    const who = known.find(({ partitions }) => partitions.some((each) => each.partition === partition));
    const said = who?.partitions.find((each) => each.partition === partition);
    const how =
      who === undefined
        ? 'nobody reads it here'
        : !who.isRunning
          ? 'nobody reads it any more'
          : left === 0
            ? 'all of it read'
            : who.held_back_by === String(partition)
              ? 'holds the others back'
              : 'is read';
    const latest = said?.latest ?? null;
    return [
      String(partition),
      formatCount(end),
      formatCount(left),
      latest === null ? '–' : formatTime(new Date(latest).toISOString()),
      how,
    ];
  });
}
