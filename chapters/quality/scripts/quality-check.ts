/** Judges any file by the schema and the expectations: a line for each rule that fails, a page, and each failing row by itself. */
import { existsSync } from 'node:fs';
import { chapters } from '../../../lib/door.ts';
import { MISSED } from '../../../lib/fault.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { rawParts } from '../../../lib/registry/raw-table.ts';
import { optional, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { profileBefore, readHistory, recordJudged } from '../history.ts';
import { failingPath, judgeFiles } from '../judged.ts';
import { qualityPage } from '../page.ts';
import { describeJudged } from '../words.ts';

step({ chapters, args: { CSV: optional } }, async (project, { CSV }) => {
  const file = CSV ?? project.path(project.config.data.raw_path);
  const kept = failingPath(project, file);
  // What the next version is made of: the raw file and what came after it.
  const parts = CSV === undefined ? rawParts(project) : [{ path: file, dialect: project.config.data.csv }];
  const judged = judgeFiles(project, parts, kept, profileBefore(readHistory(project), undefined));
  recordJudged(project, judged, null);
  const failingRows = existsSync(kept) ? kept : undefined;
  const page = (ending: string) => project.path(project.config.paths.reports, `quality.${ending}`);
  writeAtomic(page('json'), json({ ...judged, failing_rows: failingRows ?? null }));
  writeAtomic(
    page('html'),
    await qualityPage(judged, failingRows, readHistory(project), `make check-data CSV=${file}`),
  );
  say('check', ...describeJudged(judged));
  if (failingRows !== undefined) say('', `each of them: ${failingRows}`);
  say('', page('html'));
  if (judged.verdict === 'fail') process.exitCode = MISSED;
});
