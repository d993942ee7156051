/** Takes mended rows in as an increment that the next data version joins, with who mended them and why. */
import { SENDER } from '../../../lib/config/values.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput, Fault, MISSED } from '../../../lib/fault.ts';
import { nextDataVersion } from '../../../lib/record/manifest.ts';
import { takeIncrement } from '../../../lib/registry/take-increment.ts';
import { required, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatMany } from '../../../lib/words.ts';
import { failingPath, judgeFiles } from '../judged.ts';
import { describeJudged } from '../words.ts';

step(
  {
    chapters,
    lock: 'increment',
    args: {
      CSV: required('which file? make release CSV=mended.csv BY=you WHY="a comma for a point"'),
      BY: required('who mended them? BY=you'),
      WHY: required('why? WHY="a comma for a point"'),
    },
  },
  (project, { CSV, BY, WHY }) => {
    if (!SENDER.test(BY)) throw badInput(`BY=${BY}  is no name: small letters, digits and . _ -`);
    // Some rows of a table are no table: only what is said of each row counts.
    const judged = judgeFiles(
      project,
      [{ path: CSV, dialect: project.config.data.csv }],
      failingPath(project, CSV),
      undefined,
    );
    const stopped = judged.rules.filter(
      ({ verdict, severity, kind }) =>
        verdict === 'fail' &&
        severity === 'stop' &&
        (kind === 'values' || kind === 'pair' || kind === 'schema'),
    );
    if (stopped.length > 0) {
      const [first, ...rest] = describeJudged({ ...judged, rules: stopped });
      throw new Fault(
        `${CSV} is not taken in: ${first}\n${rest.map((line) => `           ${line}`).join('\n')}`,
        MISSED,
      );
    }
    const { csv } = project.config.data;
    const taken = takeIncrement(project, {
      from: CSV,
      path: CSV,
      dialect: csv,
      by: BY,
      why: WHY,
      script: 'chapters/quality/scripts/quality-release.ts',
    });
    if (taken === undefined) {
      say('release', `${CSV} was taken in before: nothing to do`);
      return;
    }
    const next = nextDataVersion(project.ledgers, project.path(project.config.data.processed_dir));
    say(
      'release',
      `${formatMany(taken.rows, 'row')} by ${BY}: ${taken.path}`,
      `make prepare VERSION=${next} makes a data version with them`,
    );
  },
);
