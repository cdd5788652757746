import { UNKNOWN } from "../db/columns.ts";

/** The value of an enum that is read from a table which programs fill. Refused as input, but in filters. */
export const UNKNOWN_VALUE = {
  value: UNKNOWN,
  description:
    "A program stored a word that means none of the others; the field beside it whose name ends in Text has the word. In a filter: every such word. Refused where something is reported.",
} as const;
