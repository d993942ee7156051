/** The lines of the prediction log: what they hold, how they are written, and the predictions in them. */

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
}

export type LogLine = PredictionLine | ListLine | ShadowLine | RefusalLine;

/** Each prediction of a line by itself; none for lines that are no answer. */
export function predictionsIn(line: LogLine): PredictionLine[] {
  if (line.route !== 'champion' && line.route !== 'canary') return [];
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
    readonly split:
      | { readonly key: string; readonly salt: string; readonly text: string; readonly chosen: string }
      | undefined;
    readonly latency: number;
    /** The request's x-request-id, where it had a well-formed one. */
    readonly request: string | undefined;
  },
): string {
  const { time, route, split, latency, request } = about;
  const { model, sha256 } = predictions[0]!;
  const instead = split === undefined || split.chosen === model ? '' : `,"instead_of":"${split.chosen}"`;
  const drawn =
    split === undefined
      ? ''
      : `${instead},"key":${JSON.stringify(split.key)},"salt":${JSON.stringify(split.salt)},"split":"${split.text}"`;
  const begin = `"time":"${time.toISOString()}","model":"${model}","sha256":"${sha256}","route":"${route}"${drawn}`;
  const end = `"latency_ms":${latency}${request === undefined ? '' : `,"request":"${request}"`}}`;
  if (predictions.length === 1) {
    const { ids, input } = rows[0]!;
    return `{"id":"${predictions[0]!.id}",${begin},"ids":${JSON.stringify(ids)},"input":${JSON.stringify(input)},${givenJson(predictions[0]!)},${end}`;
  }
  const each = predictions.map((prediction, i) => {
    const { ids, input } = rows[i]!;
    const along = ids === NO_FIELDS ? '' : `"ids":${JSON.stringify(ids)},`;
    return `{"id":"${prediction.id}",${along}"input":${JSON.stringify(input)},${givenJson(prediction)}}`;
  });
  return `{${begin},"rows":[${each.join(',')}],${end}`;
}

/** The part of a line or an answer that says what was given. */
export function givenJson({ probability, class: label, probabilities }: Given): string {
  const each = probabilities === undefined ? '' : `,"probabilities":${JSON.stringify(probabilities)}`;
  return `"probability":${probability},"class":${JSON.stringify(label)}${each}`;
}

/** The line of a request that was refused or that a model failed to answer. */
export function unansweredLine(
  route: 'refused' | 'failed',
  id: string,
  time: Date,
  model: string,
  problems: readonly { field: string; problem: string }[],
  request: string | undefined,
): string {
  return JSON.stringify({
    id,
    time: time.toISOString(),
    route,
    model,
    problems: problems.slice(0, PROBLEMS_LOGGED),
    ...(request === undefined ? {} : { request }),
  });
}
