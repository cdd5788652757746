/** Each key, and what it does. */
export const KEYS: readonly (readonly [string, string])[] = [
  ["/ or Ctrl K", "search everything"],
  ["g then o i p d r", "go to a page"],
  ["j k", "next, previous row"],
  ["Enter", "open the row"],
  ["Esc", "close"],
  ["n, Shift n", "next, previous that needs you"],
  [".", "take in what is new"],
  ["p", "pause everything, and go on"],
  ["f", "filter this list"],
  ["x", "clear the filters"],
  ["y", "copy the selected row's name"],
  ["Shift y", "copy the link"],
  ["t", "UTC, and local time again"],
  ["?", "these keys"],
];
