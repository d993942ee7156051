/** Says what the declared remedies would change of a file; with OUT it is done, each change and each row that was taken out on record. */
import { existsSync, realpathSync } from 'node:fs';
import { dsvFormat } from 'd3-dsv';
import { sectionOf } from '../../../lib/config/parse.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput, Fault, MISSED } from '../../../lib/fault.ts';
import { safeCell, writeCsv } from '../../../lib/files/csv.ts';
import { sha256File } from '../../../lib/files/hash.ts';
import { writeThrough } from '../../../lib/files/write.ts';
import { output, required, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatCount, formatMany } from '../../../lib/words.ts';
import { profileBefore, readHistory, recordJudged } from '../history.ts';
import { besidePath, judgeTable } from '../judged.ts';
import { originalRecords } from '../original.ts';
import { type Change, mendRows, remedyWords, schemaNames } from '../remedies.ts';
import { qualitySection } from '../settings.ts';

const SHOWN = 3;

step(
  {
    chapters,
    args: { CSV: required('which file? make remedy CSV=tuesday.csv [OUT=mended.csv]'), OUT: output },
  },
  (project, { CSV, OUT }) => {
    const { config } = project;
    if (OUT !== undefined && existsSync(OUT) && realpathSync(OUT) === realpathSync(CSV))
      throw badInput(`${OUT} is what is mended: write to another file, so that it stays as it was`);
    const { remedies } = sectionOf(config, qualitySection);
    if (remedies.length === 0)
      throw badInput(
        `${project.configPath}  chapters.quality.remedies is empty: declare there what may be changed`,
      );
    const { format } = { format: dsvFormat(config.data.csv.separator) };
    const before = profileBefore(readHistory(project), undefined);

    const changes: Change[] = [];
    const taken = new Map<number, string>();
    /** Where each row of the mended file came from, by the line that it begins at. */
    const origins = new Map<number, number>();
    const mended = project.state('remedied.csv');
    let [rows, line] = [0, 1];
    writeThrough(mended, (sink) => {
      const write = (cells: readonly string[]) => {
        const text = `${format.formatRow(cells as string[])}\n`;
        sink(text);
        line += text.split('\n').length - 1;
      };
      mendRows(
        CSV,
        config,
        schemaNames(config),
        remedies,
        (names) => config.data.csv.header && write(names),
        (row) => {
          rows++;
          origins.set(line, row.line);
          if (row.duplicateOf !== undefined) taken.set(row.line, row.duplicateOf);
          write(row.cells);
        },
        (change) => changes.push(change),
      );
    });
    const failures: { line: number; rule: string }[] = [];
    const { rules } = judgeTable(
      config,
      [{ path: mended, dialect: config.data.csv }],
      before,
      ({ place: at, rule }) => failures.push({ line: origins.get(at)!, rule }),
    );
    const expectOf = new Map(rules.map((each) => [each.rule, each.expect]));
    for (const remedy of remedies) {
      if (!('failing' in remedy)) continue;
      const failing = failures.filter(({ rule }) => expectOf.get(rule) === remedy.failing);
      if (remedy.do === 'reject' && failing.length > 0)
        throw new Fault(
          `${CSV} is rejected as a whole: ${formatMany(failing.length, 'row')} fail ${failing[0]!.rule} (${CSV}:${failing[0]!.line} …)`,
          MISSED,
        );
      if (remedy.do === 'quarantine')
        for (const { line: at, rule } of failing)
          if (!taken.has(at)) taken.set(at, `${remedyWords(remedy)}: ${rule}`);
    }

    say(
      'remedy',
      `${formatCount(rows)} rows of ${CSV}: ${OUT === undefined ? 'this is what would be done' : OUT}`,
    );
    for (const remedy of remedies) {
      const words = remedyWords(remedy);
      const own = changes.filter((change) => change.remedy === words);
      const out = [...taken].filter(([, reason]) => reason.startsWith(`${words}: `));
      const where = [
        ...own.map(
          (change) => `${change.line} ${change.before === '' ? 'empty' : change.before} → ${change.after}`,
        ),
        ...out.map(([at]) => String(at)),
      ];
      say(
        '',
        `${words}: ${own.length + out.length === 0 ? 'nothing' : `${formatMany(own.length + out.length, own.length > 0 ? 'cell' : 'row')}   line ${where.slice(0, SHOWN).join(', line ')}${where.length > SHOWN ? ' …' : ''}`}`,
      );
    }
    if (OUT === undefined) {
      say('', `make remedy CSV=${CSV} OUT=mended.csv does it`);
      return;
    }
    const beside = (kind: 'taken' | 'changes') => besidePath(project, kind, CSV);
    const { records } = originalRecords(CSV, new Set(taken.keys()), config.data.csv);
    writeCsv(
      beside('taken'),
      ['file', 'line', 'reason', 'original'],
      [...taken]
        .sort(([a], [b]) => a - b)
        .map(([at, reason]) => [CSV, String(at), reason, records.get(at) ?? '']),
    );
    writeCsv(
      beside('changes'),
      ['file', 'line', 'column', 'before', 'after', 'remedy'],
      changes.map((change) =>
        [CSV, String(change.line), change.column, change.before, change.after, change.remedy].map(safeCell),
      ),
    );
    const gone = new Set([...origins].filter(([, from]) => taken.has(from)).map(([at]) => at));
    const kept = originalRecords(
      mended,
      new Set([...origins.keys()].filter((at) => !gone.has(at))),
      config.data.csv,
    );
    writeThrough(OUT, (sink) => {
      if (config.data.csv.header) sink(`${kept.header}\n`);
      for (const text of kept.records.values()) sink(`${text}\n`);
    });
    const after = judgeTable(config, [{ path: OUT, dialect: config.data.csv }], before, () => {});
    const remedied = Object.fromEntries(
      remedies.map((remedy) => {
        const words = remedyWords(remedy);
        return [
          words,
          changes.filter((change) => change.remedy === words).length +
            [...taken.values()].filter((reason) => reason.startsWith(`${words}: `)).length,
        ];
      }),
    );
    recordJudged(project, { sha256: sha256File(OUT), ...after }, null, {
      of: `${CSV}@${sha256File(CSV)}`,
      remedies: remedied,
    });
    say('', `each change: ${beside('changes')} · each row that was taken out, as it was: ${beside('taken')}`);
  },
);
