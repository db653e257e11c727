import type { ObjectName, S3 } from "../../aws/s3.ts";
import type { Random } from "../../clock.ts";
import { LEASES } from "../../queue/leases.ts";
import { parseControl } from "./orders.ts";
import { absentWhereDenied, LARGEST_CONTROL } from "./store.ts";

/** The steps that follow a job by its handle, as `control` names them, and when each has last said so, in seconds since the epoch. */
export type Readers = ReadonlyMap<string, number>;

export function newReader(random: Random): string {
  return random.bytes(8).toString("hex");
}

/** The readers but this one whose sign is fresh. `now` is in milliseconds since the epoch. */
export function othersThan(
  own: string,
  readers: Readers,
  now: number,
): readonly (readonly [string, number])[] {
  const seconds = Math.floor(now / 1000);
  return [...readers].filter(([reader, at]) => reader !== own && seconds - at < LEASES.follower.lasts / 1000);
}

/**
 * The readers that `control` names now. The cleanup has no keys of the folder, so another principal who may write there may have named
 * them. Fails when S3 can't be asked.
 */
export async function findReaders(control: ObjectName, s3: Pick<S3, "getVersion">): Promise<Readers> {
  const found = await s3.getVersion(control, LARGEST_CONTROL).catch(absentWhereDenied);
  return found === undefined ? new Map() : parseControl(Buffer.from(found.bytes)).readers;
}
