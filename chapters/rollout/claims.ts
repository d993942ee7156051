/** What rollouts claim of themselves, by simulation (make claims). */
import type { Claim } from '../../bench/claims.ts';
import {
  atMost,
  type ClaimRow,
  configWith,
  countCases,
  drawnSide,
  type Side,
  TOLD,
  trialsOf,
  type WrongAt,
} from '../../bench/claims-drawn.ts';
import { sectionOf } from '../../lib/config/parse.ts';
import type { Verdict } from '../../lib/numbers/estimate.ts';
import { random } from '../../lib/numbers/random.ts';
import { judgeStep } from './judge-step.ts';
import { type RolloutSettings, rolloutSection } from './settings.ts';

export const claims: Readonly<Record<string, Claim>> = {
  rollout: (scale) => rolloutClaims(sectionOf(configWith([rolloutSection]), rolloutSection), scale),
};

function verdictsOf(
  settings: RolloutSettings,
  [model, next]: readonly [Side, Side],
  each: number,
): Verdict[] {
  const first = ({ predictions }: Side, seen: number) => ({
    predictions: predictions.slice(0, seen),
    failures: [],
  });
  return Array.from({ length: model.predictions.length / each }, (_, look) => {
    const seen = (look + 1) * each;
    return judgeStep(settings, first(model, seen), first(next, seen), { model: seen, next: seen }).verdict;
  });
}

const steady = (share: number) => () => share;

function rolloutClaims(settings: RolloutSettings, scale: number): ClaimRow[] {
  const sides = (name: string, trial: number, requests: number, wrong: readonly [WrongAt, WrongAt]) =>
    wrong.map((of, i) => drawnSide(random(7, name, i, trial), requests, of)) as [Side, Side];
  const looked = (name: string, trial: number, wrong: readonly [WrongAt, WrongAt], each = 100) =>
    verdictsOf(settings, sides(name, trial, 3000, wrong), each);
  const atEnd = (name: string, trial: number, next: number) =>
    verdictsOf(settings, sides(name, trial, 10_000, [steady(0.02), steady(next)]), 10_000)[0]!;
  const rising = (at: number) => (at < 1500 ? 0.02 : 0.2);
  const unknown = () => undefined;
  const looks = '30 looks at 100 requests of each';
  const within = '10,000 requests of each';
  const [often, seldom] = [trialsOf(300, scale), trialsOf(100, scale, 5)];
  return [
    ...countCases('a version that is not worse is rolled back', atMost(0.01), seldom, (trial) => ({
      [`2 % errors, ${looks}`]: looked('equal', trial, [steady(0.02), steady(0.02)]).includes('fail'),
      [`both 2 → 20 % half way, ${looks}`]: looked('rising', trial, [rising, rising]).includes('fail'),
    })),
    ...countCases('a version with twice the errors passes', atMost(0.01), often, (trial) => ({
      [`2 against 4 %, ${within}`]: atEnd('twice', trial, 0.04) === 'pass',
    })),
    ...countCases('a version that is always wrong passes unlabelled', atMost(0), seldom, (trial) => ({
      '3 looks at 1,000 requests of each': looked('unlabelled', trial, [unknown, unknown], 1000).includes(
        'pass',
      ),
    })),
    ...countCases('a version that is equal passes', TOLD, often, (trial) => ({
      [`2 % errors, ${within}`]: atEnd('same', trial, 0.02) === 'pass',
    })),
    ...countCases('a version with six times the errors is rolled back', TOLD, often, (trial) => ({
      [`2 against 12 %, ${within}`]: atEnd('six times', trial, 0.12) === 'fail',
    })),
  ];
}
