import { sql } from "drizzle-orm";
import { customType } from "drizzle-orm/pg-core";

/**
 * A point in time in the one form that Weir uses everywhere: UTC, six fraction digits, `Z`.
 * The fixed width makes text order equal to time order, and nothing is rounded to JavaScript's milliseconds,
 * which keyset paging by `(processed_at, id)` could not survive.
 */
export type Instant = string;

const POSTGRES_UTC = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:\+00(?::?00)?|Z)$/;

/**
 * Reads the text of a `timestamptz` as Postgres prints it under `TimeZone = UTC`, by itself or inside `to_jsonb`.
 * Text that is no such instant (`infinity`, a year BC or above 9999) is returned as it is: it is stored, never lost,
 * and the DateTime scalar refuses to answer it.
 */
export function instantFromPostgres(text: string): Instant {
  const match = POSTGRES_UTC.exec(text);
  if (match === null) return text;
  const [, day, time, fraction = ""] = match;
  return `${day}T${time}.${fraction.padEnd(6, "0")}Z`;
}

/** `timestamptz`, as an {@link Instant}. */
export const instant = customType<{ data: Instant; driverData: string }>({
  dataType: () => "timestamp with time zone",
  fromDriver: instantFromPostgres,
});

/** `text COLLATE "C"`: compared byte by byte, so that keyset order is the same under every ICU and libc version. */
export const bytewiseText = customType<{ data: string; driverData: string }>({
  dataType: () => 'text COLLATE "C"',
});

/** What a stored word means when it is none of those that a column may have. */
export const UNKNOWN = "unknown";
/** A word of a column that programs fill. */
export type Known<Word extends string> = Word | typeof UNKNOWN;

/**
 * What the word in another column means: one of `words`, whatever its case, or {@link UNKNOWN}; null where that column is null.
 * The one definition: lists, counts, filters, triggers and the feed read this column, `word` itself is only shown.
 */
export function knownWord<Word extends string>(
  name: string,
  word: string,
  words: readonly Word[],
  synonyms: Readonly<Record<string, Word>> = {},
) {
  const meanings = [...words.map((known) => [known, known] as const), ...Object.entries(synonyms)];
  const pairs = meanings.map(([stored, known]) => `"${stored.toLowerCase()}": "${known}"`).join(", ");
  // A constant object and no CASE of many branches: PostgreSQL prepares the expression anew for every statement.
  return bytewiseText(name)
    .$type<Known<Word>>()
    .generatedAlwaysAs(
      sql.raw(
        `case when ${word} is not null then coalesce('{${pairs}}'::jsonb ->> lower(${word} collate "C"), '${UNKNOWN}') end`,
      ),
    );
}
