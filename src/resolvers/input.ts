import { z } from "zod";
import { badInput } from "./errors.ts";
import { formatPath } from "./text.ts";

/** Parses, or throws BAD_USER_INPUT that names the first value at fault. */
export function checked<Output>(schema: z.ZodType<Output>, input: unknown, root: readonly (string | number)[]): Output {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const more = result.error.issues.length - 1;
  const where = formatPath([
    ...root,
    ...(issue?.path ?? []).map((part) => (typeof part === "number" ? part : String(part))),
  ]);
  throw badInput(
    `${where} ${issue?.message ?? "is invalid"}.${more > 0 ? ` ${more} more ${more === 1 ? "value is" : "values are"} wrong too.` : ""}`,
  );
}

const KEY_CHARACTERS = 255;

export function checkIdempotencyKey(key: string | null | undefined): string | null {
  if (key == null) return null;
  if (key === "" || key.length > KEY_CHARACTERS)
    throw badInput(`idempotencyKey has 1 to ${KEY_CHARACTERS} characters; this one has ${key.length}.`);
  return key;
}

/** Reads the ID of a row that is numbered; undefined for text that can't be one. */
export function numberedId(id: string): number | undefined {
  const number = /^[1-9]\d{0,15}$/.test(id) ? Number(id) : undefined;
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
}

/** One of the words that may be reported. UNKNOWN is none of them: it only says what a program stored. */
export function reportedWord<const Words extends readonly [string, ...string[]]>(words: Words) {
  const allowed = words.map((word) => word.toUpperCase()).join(", ");
  return z.enum(words, { error: `can't be reported as UNKNOWN; report one of ${allowed}` });
}
