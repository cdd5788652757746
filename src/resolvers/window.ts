import { badInput } from "./errors.ts";

export type BucketWord = "minute" | "hour" | "day";

export const BUCKET_SECONDS: Readonly<Record<BucketWord, number>> = { minute: 60, hour: 3_600, day: 86_400 };
/** A week of minutes has 10,080: no chart has as many columns. */
const MOST_BUCKETS = 2_000;
const DEFAULT_SECONDS = 86_400;
/** PostgreSQL has no year 0. */
const FIRST_INSTANT = Date.parse("0001-01-01T00:00:00Z");

/** A chart's window; null: a day before its end, and now. */
export interface WindowArgs {
  readonly from?: string | null | undefined;
  readonly to?: string | null | undefined;
  readonly bucket: BucketWord;
}

/** Throws BAD_USER_INPUT for a window that is empty, or has too many columns. */
export function windowOf(args: WindowArgs): { readonly from: string; readonly to: string } {
  const { bucket } = args;
  const to = args.to ?? new Date().toISOString();
  const from = args.from ?? new Date(Math.max(Date.parse(to) - DEFAULT_SECONDS * 1_000, FIRST_INSTANT)).toISOString();
  const buckets = Math.ceil((Date.parse(to) - Date.parse(from)) / 1_000 / BUCKET_SECONDS[bucket]);
  if (buckets <= 0) throw badInput(`from (${from}) is not before to (${to}).`);
  if (buckets > MOST_BUCKETS) {
    throw badInput(`From ${from} to ${to} are ${buckets} ${bucket}s; ask for at most ${MOST_BUCKETS} buckets.`);
  }
  return { from, to };
}
