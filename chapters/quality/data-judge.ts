/** A data version judged before it is made: one that fails a rule that stops is not made. */

import { Fault, MISSED } from '../../lib/fault.ts';
import type { DataJudge } from '../../lib/registry/data-versions.ts';
import { profileBefore, readHistory, recordJudged } from './history.ts';
import { failingPath, judgeFiles } from './judged.ts';
import { describeJudged, failingRules } from './words.ts';

export const judgeData: DataJudge = (project, version, files) => {
  const before = profileBefore(readHistory(project), version);
  const judged = judgeFiles(project, files, failingPath(project, `${version}.csv`), before);
  if (judged.verdict === 'fail') {
    const [first, ...rest] = describeJudged(judged);
    throw new Fault(
      `data version ${version} is not made: ${first}\n${rest.map((line) => `           ${line}`).join('\n')}\n           each row: ${failingPath(project, `${version}.csv`)}`,
      MISSED,
    );
  }
  const held = judged.rules.filter(({ verdict }) => verdict === 'pass').length;
  return {
    facts: { quality: `${held}-of-${judged.rules.length}-rules-hold` },
    said: failingRules(judged).length === 0 ? [] : describeJudged(judged).slice(1),
    keep: () => recordJudged(project, judged, version),
  };
};
