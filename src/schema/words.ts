import { UNKNOWN } from "../db/columns.ts";
import { userError } from "../resolvers/errors.ts";

/** The value of an enum that is read from a table which programs fill. Refused as input, but in filters. */
export const UNKNOWN_VALUE = {
  value: UNKNOWN,
  description:
    "A program stored a word that means none of the others; the field beside it whose name ends in Text has the word. In a filter: every such word. Refused where something is reported.",
} as const;

/** A stored word as an enum's value. Throws CONFLICT for one that a program stored and that means nothing here. */
export function meant<Word extends string>(what: string, words: readonly Word[], stored: string): Word {
  const word = words.find((candidate) => candidate === stored);
  if (word !== undefined) return word;
  throw userError("CONFLICT", `A program stored the ${what} ${JSON.stringify(stored)}, which has no meaning here.`);
}
