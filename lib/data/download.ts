/** Files of a zip archive from the network, each checked against the sha256 that it must have. */
import { unzipSync } from 'fflate';
import { failed } from '../fault.ts';
import { sha256 } from '../files/hash.ts';

/** What an archive may hold at most, packed and unpacked: a small one can unpack to more than memory has. */
const MOST_BYTES = 1 << 29;

/** Texts of the members in their order; fails where one is not what was declared. `onProgress` gets the share received. */
export async function downloadMembers(
  url: string,
  members: readonly { readonly name: string; readonly sha256: string; readonly key: string }[],
  onProgress: (share: number) => void,
): Promise<string[]> {
  const archive = await fetchBytes(url, onProgress);
  const tooLarge = (name: string) =>
    failed(`${name} from ${url} unpacks to more than half a gigabyte: refused`);
  let large: string | undefined;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(archive, {
      filter: ({ name, originalSize }) => {
        if (!members.some((member) => member.name === name)) return false;
        if (originalSize > MOST_BYTES) large = name;
        return large === undefined;
      },
    });
  } catch {
    throw failed(`${url} did not give a zip archive (${archive.length} bytes)`);
  }
  if (large !== undefined) throw tooLarge(large);
  return members.map(({ name, sha256: expected, key }) => {
    const file = files[name];
    if (file === undefined) throw failed(`${url} holds no ${name}`);
    const actual = sha256(file);
    if (actual !== expected)
      throw failed(`${name} from ${url} has sha256 ${actual}, not the ${expected} of ${key}: refused`);
    return Buffer.from(file).toString('utf8');
  });
}

async function fetchBytes(url: string, onProgress: (share: number) => void): Promise<Uint8Array> {
  const response = await fetch(url).catch((error: Error) => {
    throw failed(
      `cannot download ${url}: ${(error.cause as Error | undefined)?.message ?? error.message}. data.source "simulated" needs no network.`,
    );
  });
  if (!response.ok || response.body === null) throw failed(`cannot download ${url}: HTTP ${response.status}`);
  const total = Number(response.headers.get('content-length') ?? Number.POSITIVE_INFINITY);
  const pieces: Uint8Array[] = [];
  let received = 0;
  for await (const piece of response.body) {
    pieces.push(piece);
    received += piece.length;
    if (received > MOST_BYTES) throw failed(`${url} sends more than half a gigabyte: refused`);
    onProgress(received / total);
  }
  return Buffer.concat(pieces);
}
