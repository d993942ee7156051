/** Judges made rows: how like the real ones they are, what a model learns from them, what they tell of those they were learnt from. */
import { sectionOf } from '../../../lib/config/parse.ts';
import { PLAIN } from '../../../lib/data/validate.ts';
import { chapters } from '../../../lib/door.ts';
import { badInput } from '../../../lib/fault.ts';
import { json, writeAtomic } from '../../../lib/files/write.ts';
import { readRawTable } from '../../../lib/registry/raw-table.ts';
import { required, step } from '../../../lib/step.ts';
import { say } from '../../../lib/terminal.ts';
import { formatCount, formatInterval, formatMany } from '../../../lib/words.ts';
import { measureDisclosure } from '../disclosure.ts';
import { type Judgement, judgementPage, likenessWords } from '../judge-page.ts';
import { likenessOf } from '../likeness.ts';
import { madeColumns, readReal } from '../real.ts';
import { synthSection } from '../settings.ts';
import { usefulness } from '../usefulness.ts';

step(
  { chapters, args: { CSV: required('which rows? make judge-synthetic CSV=data/synthetic/tree.csv') } },
  async (project, { CSV }) => {
    const { config } = project;
    const { seed, judge } = sectionOf(config, synthSection);
    const { table, invalid } = readRawTable(project, [{ path: CSV, dialect: PLAIN }]);
    if (table.rows < 2) throw badInput(`${CSV}  has ${formatMany(table.rows, 'row')} that fit the schema`);
    if (invalid > 0) say('judge', `${formatCount(invalid)} rows of ${CSV} break the schema and are left out`);
    const synthetic = madeColumns(table);
    const { train, holdout } = readReal(project, seed);
    const [learnt, real] = [
      await usefulness(config, synthetic, holdout),
      await usefulness(config, train, holdout),
    ];
    const judgement: Judgement = {
      file: CSV,
      rows: synthetic.rows,
      likeness: likenessOf(train, synthetic),
      useful: learnt === undefined || real === undefined ? null : { synthetic: learnt, real },
      disclosure: measureDisclosure(train, holdout, synthetic, {
        rows: judge.rows,
        seed,
        confidence: config.evaluation.confidence,
      }),
    };
    const at = (ending: string) => project.path(config.paths.reports, `synthetic.${ending}`);
    writeAtomic(at('json'), json(judgement));
    writeAtomic(at('html'), await judgementPage(judgement, `make judge-synthetic CSV=${CSV}`));
    const { likeness, disclosure, useful } = judgement;
    say(
      'judge',
      `${CSV}  like the real rows by ${likeness.score.toFixed(3)} (${likenessWords(likeness)})`,
      useful === null
        ? 'a class is missing: nothing can be learnt from them'
        : `boosted trees learn ROC-AUC ${useful.synthetic.roc_auc.toFixed(3)} from them, ${useful.real.roc_auc.toFixed(3)} from the real ones`,
      `membership ${formatInterval(disclosure.membership)} (a half tells nothing); nearer to a training row ${formatInterval(disclosure.nearer)}; ${formatCount(disclosure.copies.train)} of ${formatCount(disclosure.copies.of)} made rows are a training row to the cell`,
      at('html'),
    );
  },
);
