/** Predictions from parsed bodies: chosen model, checked rows, lines on record, then the answer. */

import type { EventLog } from '../record/event-log.ts';
import {
  answeredLine,
  type FieldProblem,
  givenJson,
  NO_FIELDS,
  type Prediction,
  unansweredLine,
} from '../record/events.ts';
import type { Signature } from '../train/signature.ts';
import type { Fleet } from './fleet.ts';
import type { ParsedRows, Rows } from './input.ts';
import type { ServedModel } from './served-model.ts';

/** What is wrong with rows that the model would take; what it says of one row, it says of it among others. */
export type RowJudge = (rows: Rows, signature: Signature) => readonly FieldProblem[];

export interface PredictorOptions {
  readonly fleet: Pick<Fleet, 'current'>;
  readonly log: Pick<EventLog, 'append'>;
  /** Is told what was given, to count it. */
  readonly metrics: { predictions(version: string, given: readonly { readonly class: string }[]): void };
  readonly maxRows: number;
  readonly judges: readonly RowJudge[];
  readonly newId: () => string;
  readonly now: () => Date;
}

/** Who asks: what a request's headers say of it. */
export interface Caller {
  /** What the traffic is split by; the prediction's own id where there is none. */
  readonly key: string | undefined;
  /** The request's x-request-id, where it has a well-formed one. */
  readonly requestId: string | undefined;
  /** Whether the project's own smoke test asks, which is not production. */
  readonly isSmoke: boolean;
  /** performance.now() at the arrival. */
  readonly start: number;
}

/** An answer before it becomes an HTTP response: JSON text and its status. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Predictor {
  /** Answers a JSON value: one row or a list; with a confidence, with the set of classes that the true one is in. */
  answer(body: unknown, caller: Caller, confidence?: number): Promise<Answer>;
  /** Rows that may be wrong one by one, in their order; fails when they cannot be put on record. */
  each(rows: readonly unknown[], caller: Caller): Promise<(Prediction | { problems: FieldProblem[] })[]>;
  /** All rows or the problems of some. */
  all(
    rows: readonly unknown[],
    caller: Caller,
  ): Promise<Prediction[] | { problems: readonly FieldProblem[] }>;
}

/** Rows of a list above which others are let in between its steps, so that it holds up no answer for long. */
const MANY_ROWS = 500;
const others = () => new Promise<void>((resolve) => setImmediate(resolve));

export function createPredictor(options: PredictorOptions): Predictor {
  const { fleet, log, metrics, maxRows, newId, now } = options;
  const parse = parserOf(options.judges);
  const predict = async (
    rows: readonly unknown[],
    caller: Caller,
  ): Promise<{ model: ServedModel; predictions: Prediction[] } | { problems: readonly FieldProblem[] }> => {
    const id = newId();
    const lineup = fleet.current();
    const key = caller.key ?? id;
    const chosen = lineup.choose(key);
    const isLong = rows.length > MANY_ROWS;
    const parsed = parse(chosen, rows);
    if (isLong) await others();
    const scored =
      'problems' in parsed
        ? refusedByCanary(chosen, lineup.model, rows, parse)
        : score(chosen, lineup.model, parsed, rows);
    if (scored === undefined) {
      const problems = (parsed as { problems: readonly FieldProblem[] }).problems.map(
        ({ field, problem }) => ({ field, problem }),
      );
      await log.append([unansweredLine('refused', id, now(), chosen.version, problems, caller)]);
      return parsed as { problems: readonly FieldProblem[] };
    }
    const { model, rows: taken, scores, failure } = scored;
    const lines =
      failure === undefined
        ? []
        : [
            unansweredLine(
              'failed',
              newId(),
              now(),
              chosen.version,
              [{ field: '', problem: failure }],
              caller,
            ),
          ];
    if (scores === undefined) {
      await log.append(lines);
      throw new Error(failure);
    }
    if (isLong) await others();
    const latency = Math.round((performance.now() - caller.start) * 1000) / 1000;
    const predictions = taken.rows.map(
      (row, i): Prediction => ({
        id: i === 0 ? id : newId(),
        model: model.version,
        sha256: model.sha256,
        ...model.give(scores, i, row.sensitive),
      }),
    );
    if (isLong) await others();
    const split = lineup.split && { ...lineup.split, key, chosen: chosen.version };
    const route = model === lineup.model ? 'champion' : 'canary';
    lines.push(
      answeredLine(predictions, taken.rows, {
        time: now(),
        route,
        shape: model.shape,
        split,
        latency,
        request: caller.requestId,
        smoke: caller.isSmoke,
      }),
    );
    if (isLong) await others();
    const sensitive = taken.rows.flatMap((row, i) =>
      row.sensitive === NO_FIELDS || Object.keys(row.sensitive).length === 0
        ? []
        : [`{"id":"${predictions[i]!.id}","sensitive":${JSON.stringify(row.sensitive)}}`],
    );
    await log.append(lines, sensitive, model.shape);
    metrics.predictions(model.version, predictions);
    return { model, predictions };
  };
  const all: Predictor['all'] = async (rows, caller) => {
    const predicted = await predict(rows, caller);
    return 'problems' in predicted ? predicted : predicted.predictions;
  };

  return {
    all,
    async each(rows, caller) {
      const parsed = await all(rows, caller);
      if (!('problems' in parsed)) return parsed;
      // Few rows are wrong: those that are not are answered together, in one batch of the log.
      const wrong = new Map<number, FieldProblem[]>();
      const { model } = fleet.current();
      for (const [index, row] of rows.entries()) {
        const alone = parse(model, [row]);
        if ('problems' in alone) wrong.set(index, [...alone.problems]);
      }
      const right = rows.filter((_, index) => !wrong.has(index));
      const predicted = right.length === 0 ? [] : await all(right, caller);
      if ('problems' in predicted) throw new Error('a row that was right alone is wrong among others');
      let next = 0;
      return rows.map((_, index) => {
        const problems = wrong.get(index);
        return problems === undefined ? predicted[next++]! : { problems };
      });
    },
    async answer(body, caller, confidence) {
      const many = Array.isArray(body);
      const rows = many ? (body as unknown[]) : [body];
      if (rows.length === 0) return { status: 400, body: '{"error":"the list of rows is empty"}' };
      if (rows.length > maxRows)
        return { status: 413, body: `{"error":"at most ${maxRows} rows in one request"}` };
      const predicted = await predict(rows, caller);
      if ('problems' in predicted)
        return {
          status: 400,
          body: JSON.stringify({ error: 'invalid input', fields: predicted.problems }),
        };
      const { model, predictions } = predicted;
      const sets = confidence === undefined ? undefined : model.sets(confidence);
      const shown =
        sets === undefined
          ? predictionJson
          : (prediction: Prediction) =>
              `${predictionJson(prediction).slice(0, -1)},${JSON.stringify(sets(prediction)).slice(1)}`;
      if (!many) return { status: 200, body: shown(predictions[0]!) };
      return { status: 200, body: `[${predictions.map((each) => shown(each)).join(',')}]` };
    },
  };
}

type Parser = (model: ServedModel, rows: readonly unknown[]) => ParsedRows;

/** Rows that the model takes and nobody objects to. */
function parserOf(judges: readonly RowJudge[]): Parser {
  if (judges.length === 0) return (model, rows) => model.parse(rows);
  return (model, rows) => {
    const parsed = model.parse(rows);
    if ('problems' in parsed) return parsed;
    const problems = judges.flatMap((judge) => judge(parsed, model.loaded.signature));
    return problems.length === 0 ? parsed : { problems };
  };
}

interface Scored {
  /** The model that answers. */
  readonly model: ServedModel;
  readonly rows: Rows;
  readonly scores?: Float64Array;
  readonly failure?: string;
}

/** Scores with the chosen model; where a canary fails, the model beside it answers and the failure is on record. */
function score(chosen: ServedModel, model: ServedModel, parsed: Rows, rows: readonly unknown[]): Scored {
  try {
    return { model: chosen, rows: parsed, scores: chosen.score(parsed) };
  } catch (error) {
    const failure = (error as Error).message;
    const again = chosen === model ? undefined : model.parse(rows);
    if (again === undefined || 'problems' in again) return { model, rows: parsed, failure };
    return { model, rows: again, scores: model.score(again), failure };
  }
}

/** A canary that refuses what the model takes has failed, and the model answers; undefined where the rows are wrong for both. */
function refusedByCanary(
  chosen: ServedModel,
  model: ServedModel,
  rows: readonly unknown[],
  parse: Parser,
): Scored | undefined {
  if (chosen === model) return undefined;
  const parsed = parse(model, rows);
  if ('problems' in parsed) return undefined;
  const failure = `refuses rows that ${model.version} takes`;
  return { model, rows: parsed, scores: model.score(parsed), failure };
}

function predictionJson(prediction: Prediction): string {
  const { id, model, sha256 } = prediction;
  return `{"id":"${id}","model":"${model}","sha256":"${sha256}",${givenJson(prediction)}}`;
}
