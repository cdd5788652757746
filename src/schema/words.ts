import { userError } from "../resolvers/errors.ts";

/** A stored word as an enum's value. Throws CONFLICT for one that a program stored and that means nothing here. */
export function meant<Word extends string>(what: string, words: readonly Word[], stored: string): Word {
  const word = words.find((candidate) => candidate === stored);
  if (word !== undefined) return word;
  throw userError("CONFLICT", `A program stored the ${what} ${JSON.stringify(stored)}, which has no meaning here.`);
}
