/** What the comparison of groups claims of itself, by simulation (make claims). */
import type { Claim } from '../../bench/claims.ts';
import { atLeast, atMost, type ClaimRow, countCases, tenGroups, trialsOf } from '../../bench/claims-drawn.ts';
import { random } from '../../lib/numbers/random.ts';
import { measureFairness } from './measure.ts';

export const claims: Readonly<Record<string, Claim>> = { fairness: fairnessClaims };

const CONFIDENCE = { confidence: 0.95 };

function fairnessClaims(scale: number): ClaimRow[] {
  const failing = ({ rows, grouping }: ReturnType<typeof tenGroups>, maxGap: number) =>
    measureFairness(rows, [grouping], { ...CONFIDENCE, reference: {}, minRows: 30, maxGap })[0]!
      .gaps.filter(({ verdict }) => verdict === 'fail')
      .map(({ criterion }) => criterion);
  const trials = trialsOf(400, scale);
  return [
    ...countCases('groups that are equal fail', atMost(0.05), trials, (trial) => {
      const groups = tenGroups(random(11, 'equal', trial), 200, () => 0.3);
      const strictly = failing(groups, 0);
      return {
        '10 groups of 200, by any criterion, 0.1 apart allowed': failing(groups, 0.1).length > 0,
        '10 groups of 200, demographic_parity, none allowed': strictly.includes('demographic_parity'),
        '10 groups of 200, equalized_odds, none allowed': strictly.includes('equalized_odds'),
      };
    }),
    ...countCases('a group with half the TPR fails', atLeast(0.7), trials, (trial) => {
      const groups = tenGroups(random(11, 'unequal', trial), 80, (group) => (group === 3 ? 0.4 : 0.8));
      const isFound = failing(groups, 0.1).includes('equal_opportunity');
      return { '0.4 against 0.8, 10 groups of 40 positives, 0.1 apart allowed': isFound };
    }),
  ];
}
