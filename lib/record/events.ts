/**
 * The events that production leaves: what their lines hold, how they are written and read back. The first line of a segment
 * says what its predictions share, and these say only what differs; segments of before, without it, say everything in each line.
 */
import { failed } from '../fault.ts';

const PROBLEMS_LOGGED = 20;

export type RowValue = string | number | null;
export type Fields = Readonly<Record<string, RowValue>>;
export const NO_FIELDS: Fields = {};

export interface FieldProblem {
  /** Index of the row in the request. */
  readonly row: number;
  readonly field: string;
  readonly problem: string;
}

/** What is said of one row. */
export interface Given {
  /** Of the positive class; with more than two classes, of the class that is given. */
  readonly probability: number;
  readonly class: string;
  /** With more than two classes, of each. */
  readonly probabilities?: Readonly<Record<string, number>>;
}

/** What is given for one row, under the id that it has on record. */
export interface Prediction extends Given {
  readonly id: string;
  readonly model: string;
  readonly sha256: string;
}

interface PredictedRow extends Given {
  readonly id: string;
  readonly ids: Fields;
  readonly input: Fields;
}

/** What one request's rows have in common. */
interface Answered {
  readonly time: string;
  readonly model: string;
  readonly sha256: string;
  /** champion: what deployment.model names; canary: another version that the split chose. */
  readonly route: 'champion' | 'canary';
  readonly latency_ms: number;
  /** What the split was drawn by, and the split, while there was one: chooseVersion gives the model again. */
  readonly key?: string;
  readonly salt?: string;
  readonly split?: string;
  /** The version that the split chose and that failed, where the model answered instead. */
  readonly instead_of?: string;
  /** The request's x-request-id, where it had one. */
  readonly request?: string;
  /** Of a smoke test, which is not production. */
  readonly smoke?: true;
}

export interface PredictionLine extends Answered, PredictedRow {
  /** Of a row of a list: the id of the list's first row. */
  readonly list?: string;
}

/** A request of many rows is one line. */
export interface ListLine extends Answered {
  readonly rows: readonly (Omit<PredictedRow, 'ids'> & { readonly ids?: Fields })[];
}

/** What a shadowing version would have answered. */
export interface ShadowLine extends Given {
  readonly id: string;
  readonly time: string;
  readonly route: 'shadow';
  /** The prediction that was given. */
  readonly of: string;
  readonly model: string;
  readonly sha256: string;
}

/** A request that was refused, or that a model failed to answer; what was wrong, never what was sent. */
export interface RefusalLine {
  readonly id: string;
  readonly time: string;
  readonly route: 'refused' | 'failed';
  readonly model: string;
  readonly problems: readonly Omit<FieldProblem, 'row'>[];
  /** The request's x-request-id, where it had one. */
  readonly request?: string;
  readonly smoke?: true;
}

/** The truth of a prediction, and who says so. */
export interface LabelLine {
  readonly id: string;
  readonly time: string;
  readonly of: string;
  readonly label: string;
  readonly by: string;
  /** Says otherwise than a label before; without it a label counts only where it is the first. */
  readonly correction?: true;
}

export type LogLine = PredictionLine | ListLine | ShadowLine | RefusalLine | LabelLine;

/** What the predictions of one version have in common. */
export interface ModelShape {
  readonly version: string;
  readonly sha256: string;
  /** Names of the id columns and of the inputs, in the order in which lines give their values. */
  readonly ids: readonly string[];
  readonly input: readonly string[];
}

/** Segments of before marked the requests of a smoke test by this id of theirs. */
const SMOKE_OF_BEFORE = 'smoke';

/** Version of the events' schema. */
export const SCHEMA = 2;
export const HEADER_BEGIN = '{"events":';

/** The first line of a segment; `from` says where its events were taken from, if they did not arise here. */
export function headerLine(begun: Date, by: string, models: readonly ModelShape[], from?: string): string {
  const of = Object.fromEntries(models.map(({ version, ...shape }) => [version, shape]));
  return JSON.stringify({ events: SCHEMA, begun: begun.toISOString(), by, of, from });
}

/** Whether a segment with this first line holds what arose elsewhere. */
export function isTakenIn(header: string): boolean {
  return header.startsWith(HEADER_BEGIN) && (JSON.parse(header) as Header).from !== undefined;
}

interface Header {
  readonly events: number;
  readonly from?: string;
  readonly of: Readonly<Record<string, Omit<ModelShape, 'version'>>>;
}

export function modelsIn(header: string): string[] {
  return Object.keys((JSON.parse(header) as Header).of);
}

/** The time of an event, without reading the rest of its line. */
export function timeOf(line: string): string {
  const at = line.indexOf('"time":"') + 8;
  return at < 8 ? '' : line.slice(at, at + 24);
}

/** Reads the lines of a segment that begins with this line; fails at a schema that it does not know. */
export function readerOf(header: string, path: string): (line: string) => LogLine {
  if (!header.startsWith(HEADER_BEGIN))
    return (text) => {
      const line = JSON.parse(text) as LogLine;
      return 'request' in line && line.request === SMOKE_OF_BEFORE ? { ...line, smoke: true } : line;
    };
  const { events, of } = JSON.parse(header) as Header;
  if (events !== SCHEMA)
    throw failed(`${path}  holds events of schema ${events}, and this program knows ${SCHEMA} and before`);
  return (text) => {
    const line = JSON.parse(text) as Packed;
    const shape = line.model === undefined ? undefined : of[line.model];
    if (shape === undefined || (line.route !== 'champion' && line.route !== 'canary'))
      return line as unknown as LogLine;
    const { sha256, ids, input } = shape;
    const unpack = (row: PackedRow) => ({
      ...row,
      ids: fieldsOf(ids, row.ids),
      input: fieldsOf(input, row.input),
    });
    if (line.rows === undefined)
      return { ...line, ...unpack(line as PackedRow), sha256 } as unknown as LogLine;
    return { ...line, sha256, rows: line.rows.map(unpack) } as unknown as LogLine;
  };
}

type Values = readonly RowValue[] | Fields;

interface PackedRow {
  readonly ids?: Values;
  readonly input: Values;
}

interface Packed extends Partial<PackedRow> {
  readonly model?: string;
  readonly route?: string;
  readonly rows?: readonly PackedRow[];
}

function fieldsOf(names: readonly string[], values: Values | undefined): Fields {
  if (!Array.isArray(values)) return (values as Fields | undefined) ?? NO_FIELDS;
  const fields: Record<string, RowValue> = {};
  for (const [i, name] of names.entries()) fields[name] = values[i] as RowValue;
  return fields;
}

/** Text that JSON gives back as it is, but for the quotes. */
const PLAIN = /^[\w .:+-]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

let latest = { ms: Number.NaN, text: '' };

/** ISO 8601; the many requests of one millisecond at a busy server share its text. */
function isoOf(time: Date): string {
  const ms = time.getTime();
  if (ms !== latest.ms) latest = { ms, text: time.toISOString() };
  return latest.text;
}

/** Values in the order of their names, or with their names where some are missing. */
function packed(names: readonly string[], fields: Fields): string {
  let text = '';
  for (const name of names) {
    const value = fields[name];
    if (value === undefined) return JSON.stringify(fields);
    text += `,${typeof value === 'string' ? quoted(value) : value}`;
  }
  return `[${text.slice(1)}]`;
}

/** Each prediction of a line by itself; none for lines that are no answer. */
export function predictionsIn(line: LogLine): PredictionLine[] {
  if ('label' in line || (line.route !== 'champion' && line.route !== 'canary')) return [];
  if (!('rows' in line)) return [line];
  const { rows, ...about } = line;
  return rows.map((row) => ({ ids: {}, ...row, ...about, list: rows[0]!.id }));
}

/**
 * The line of an answered request. Written by hand since it is written for every request: what is quoted without
 * JSON.stringify is hexadecimal, a version or a number.
 */
export function answeredLine(
  predictions: readonly Prediction[],
  rows: readonly { readonly input: Fields; readonly ids: Fields }[],
  about: {
    readonly time: Date;
    readonly route: 'champion' | 'canary';
    readonly shape: ModelShape;
    readonly split:
      | { readonly key: string; readonly salt: string; readonly text: string; readonly chosen: string }
      | undefined;
    readonly latency: number;
    /** The request's x-request-id, where it had a well-formed one. */
    readonly request: string | undefined;
    readonly smoke: boolean;
  },
): string {
  const { time, route, shape, split, latency, request, smoke } = about;
  const { model } = predictions[0]!;
  const instead = split === undefined || split.chosen === model ? '' : `,"instead_of":"${split.chosen}"`;
  const drawn =
    split === undefined
      ? ''
      : `${instead},"key":${JSON.stringify(split.key)},"salt":${JSON.stringify(split.salt)},"split":"${split.text}"`;
  const begin = `"time":"${isoOf(time)}","model":"${model}","route":"${route}"${smoke ? ',"smoke":true' : ''}${drawn}`;
  const end = `"latency_ms":${latency}${request === undefined ? '' : `,"request":"${request}"`}}`;
  const rowJson = (i: number) => {
    const { ids, input } = rows[i]!;
    const along = ids === NO_FIELDS ? '' : `"ids":${packed(shape.ids, ids)},`;
    return `${along}"input":${packed(shape.input, input)},${givenJson(predictions[i]!)}`;
  };
  if (predictions.length === 1) return `{"id":"${predictions[0]!.id}",${begin},${rowJson(0)},${end}`;
  const each = predictions.map(({ id }, i) => `{"id":"${id}",${rowJson(i)}}`);
  return `{${begin},"rows":[${each.join(',')}],${end}`;
}

/** The line of a label; what it ends with is no text from outside. */
export function labelLine({ id, time, of, label, by, correction }: LabelLine): string {
  return JSON.stringify({ id, time, of, label, ...(correction ? { correction } : {}), by });
}

/** The part of a line or an answer that says what was given. */
export function givenJson({ probability, class: label, probabilities }: Given): string {
  const each = probabilities === undefined ? '' : `,"probabilities":${JSON.stringify(probabilities)}`;
  return `"probability":${probability},"class":${quoted(label)}${each}`;
}

/** The line of a request that was refused or that a model failed to answer. */
export function unansweredLine(
  route: 'refused' | 'failed',
  id: string,
  time: Date,
  model: string,
  problems: readonly { field: string; problem: string }[],
  { requestId: request, isSmoke }: { readonly requestId: string | undefined; readonly isSmoke: boolean },
): string {
  return JSON.stringify({
    id,
    time: time.toISOString(),
    route,
    model,
    ...(isSmoke ? { smoke: true } : {}),
    problems: problems.slice(0, PROBLEMS_LOGGED),
    ...(request === undefined ? {} : { request }),
  });
}
