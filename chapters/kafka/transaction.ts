/** What is read, what is written and how far it was read, all of it or nothing. */
import { answered, type Producer, type Transaction } from './client.ts';

/** Commits what is done in it, or takes it back. The first of a producer ends what one of its name before had begun. */
export async function inTransaction(
  producer: Producer,
  act: (transaction: Transaction) => Promise<unknown>,
  isFirst: boolean,
): Promise<void> {
  const begun = producer.beginTransaction(isFirst ? { producerId: -1n, producerEpoch: -1 } : undefined);
  const transaction = await answered(begun, 'the begin of a transaction');
  try {
    await answered(act(transaction), 'a transaction');
    await answered(transaction.commit(), 'the commit of a transaction');
  } catch (error) {
    await answered(transaction.abort(), 'the end of a transaction').catch(() => {});
    throw error;
  }
}
