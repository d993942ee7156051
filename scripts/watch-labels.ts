/** Records the truth of predictions from a CSV with the columns id and label. All of it or nothing. */
import { rolesOf } from '../lib/config/roles.ts';
import { OPERATOR } from '../lib/config/values.ts';
import { chapters } from '../lib/door.ts';
import { badInput } from '../lib/fault.ts';
import { readRecords } from '../lib/files/csv.ts';
import type { Project } from '../lib/project.ts';
import { EVENT_ID, idKey, idSource } from '../lib/record/event-id.ts';
import { openEventLog } from '../lib/record/event-log.ts';
import { labelLine } from '../lib/record/events.ts';
import { predictionsById } from '../lib/record/predictions.ts';
import { followTruth, truthOf } from '../lib/record/truth.ts';
import { FEEDBACK_KEYS, parseSenders } from '../lib/serve/senders.ts';
import { optional, required, step } from '../lib/step.ts';
import { say } from '../lib/terminal.ts';
import { didYouMean, formatCount } from '../lib/words.ts';

const which = required('which file? make labels CSV=labels.csv (with the columns id and label)');

step({ chapters, args: { CSV: which, BY: optional } }, async (project, { CSV, BY }) => {
  const by = BY === undefined ? OPERATOR : senderNamed(BY);
  const classes = rolesOf(project.config.schema).target.categories!;
  const labels = readLabelFile(CSV, classes);
  const ids = labels.map(({ id }) => id);
  const logged = predictionsById(followTruth(project.ledgers), ids);
  const stranger = ids.find((id) => !logged.has(id));
  if (stranger !== undefined) throw badInput(`${CSV}  id ${stranger} is of no logged prediction`);
  const truth = truthOf(project.ledgers, ids);
  const isOther = ({ id, label }: Label) => truth.has(id) && truth.get(id)!.label !== label;
  const fresh = labels.filter((each) => !truth.has(each.id) || isOther(each));
  const corrections = fresh.filter(isOther).length;
  await record(project, fresh, by, isOther);
  const known = labels.length - fresh.length;
  const others = [
    ...(corrections > 0 ? [`${formatCount(corrections)} of them correct what was said before`] : []),
    ...(known > 0 ? [`${formatCount(known)} were on record already`] : []),
  ];
  say('labels', [`${formatCount(fresh.length)} recorded, by ${by}`, ...others].join('; '));
});

/** The sender whose key CLOCKWORK_FEEDBACK_KEY holds. */
function senderNamed(name: string): string {
  const key = process.env[KEY_VARIABLE];
  const sender = parseSenders(process.env[FEEDBACK_KEYS] ?? '').find((each) => each.name === name);
  if (sender === undefined) throw badInput(`BY=${name}  is no sender that ${FEEDBACK_KEYS} names`);
  if (key !== sender.key) throw badInput(`BY=${name}  ${KEY_VARIABLE} is not the key of ${name}`);
  return name;
}

const KEY_VARIABLE = 'CLOCKWORK_FEEDBACK_KEY';

/** One segment, on the disk when this ends. */
async function record(
  { ledgers, config }: Project,
  labels: readonly Label[],
  by: string,
  isCorrection: (label: Label) => boolean,
): Promise<void> {
  if (labels.length === 0) return;
  const newId = idSource(idKey(ledgers.idKey));
  const log = openEventLog({
    folder: ledgers.predictions,
    sensitiveFolder: ledgers.sensitive,
    durability: 'disk',
    maxBytes: config.deployment.log.max_bytes,
    shapes: () => [],
    onBroken: () => {},
  });
  const time = new Date().toISOString();
  const line = (each: Label) => {
    const { id: of, label } = each;
    return labelLine({
      id: newId(),
      time,
      of,
      label,
      by,
      ...(isCorrection(each) ? { correction: true as const } : {}),
    });
  };
  try {
    await log.append(labels.map(line));
  } finally {
    await log.close();
  }
}

interface Label {
  /** Of the prediction. */
  readonly id: string;
  readonly label: string;
}

/** One label for each prediction; fails at the first row that is none. */
function readLabelFile(path: string, classes: readonly string[]): Label[] {
  const labels = new Map<string, Label>();
  let header: string[] = [];
  readRecords(path, (fields, line) => {
    if (line === 1) {
      header = fields;
      if (!header.includes('id') || !header.includes('label'))
        throw badInput(`${path}:1  needs the columns id and label, with a comma between them`);
      return;
    }
    if (fields.length !== header.length)
      throw badInput(`${path}:${line}  has ${fields.length} fields where the header has ${header.length}`);
    const id = fields[header.indexOf('id')] ?? '';
    const label = fields[header.indexOf('label')] ?? '';
    if (!EVENT_ID.test(id)) throw badInput(`${path}:${line}  column "id": is not the id of a prediction`);
    if (!classes.includes(label))
      throw badInput(
        `${path}:${line}  column "label": ${JSON.stringify(label.slice(0, 40))} is none of ${classes.join(', ')}${didYouMean(label, classes)}`,
      );
    if ((labels.get(id)?.label ?? label) !== label)
      throw badInput(`${path}:${line}  id ${id} has two different labels in this file`);
    labels.set(id, { id, label });
  });
  if (labels.size === 0) throw badInput(`${path}  has no rows`);
  return [...labels.values()];
}
