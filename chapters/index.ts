/** The chapters that hand something to the core, one line each. Tear one out: rm -r chapters/<name>, and its line here. */
export { chapter as agent } from './agent/chapter.ts';
export { chapter as alerts } from './alerts/chapter.ts';
export { chapter as batch } from './batch/chapter.ts';
export { chapter as estimates } from './estimates/chapter.ts';
export { chapter as explain } from './explain/chapter.ts';
export { chapter as fairness } from './fairness/chapter.ts';
export { chapter as guard } from './guard/chapter.ts';
export { chapter as kafka } from './kafka/chapter.ts';
export { chapter as oip } from './oip/chapter.ts';
export { chapter as quality } from './quality/chapter.ts';
export { chapter as report } from './report/chapter.ts';
export { chapter as rollout } from './rollout/chapter.ts';
export { chapter as shadow } from './shadow/chapter.ts';
export { chapter as sources } from './sources/chapter.ts';
export { chapter as status } from './status/chapter.ts';
export { chapter as synth } from './synth/chapter.ts';
export { chapter as tune } from './tune/chapter.ts';
