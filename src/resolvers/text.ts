/** PostgreSQL's text has no NUL, and UTF-8 no lone surrogates: such text is refused before it gets there. */
export function textProblem(text: string): string | undefined {
  if (text.includes("\0")) return "contains a NUL character (U+0000)";
  if (!text.isWellFormed()) return "contains a lone surrogate, which is no Unicode text";
  return undefined;
}

/** No input type nests nearly as deep; what does would overflow the stack of whoever walks through it. */
const MOST_LEVELS = 100;

/** The first problem in any text of a JSON value, with its path; undefined when there is none. */
export function findTextProblem(value: unknown, path: readonly (string | number)[] = []): string | undefined {
  if (typeof value === "string") {
    const problem = textProblem(value);
    return problem === undefined ? undefined : `${formatPath(path)} ${problem}.`;
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (path.length > MOST_LEVELS)
    return `${formatPath(path.slice(0, 1))} is nested more than ${MOST_LEVELS} levels deep.`;
  const entries: Iterable<readonly [string | number, unknown]> = Array.isArray(value)
    ? value.entries()
    : Object.entries(value);
  for (const [key, inner] of entries) {
    const found =
      (typeof key === "string" && textProblem(key) !== undefined
        ? `A key in ${formatPath(path)} is no text.`
        : undefined) ?? findTextProblem(inner, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `["input", 3, "filePath"]` as `input[3].filePath`. */
export function formatPath(path: readonly (string | number)[]): string {
  return path.map((part, at) => (typeof part === "number" ? `[${part}]` : at === 0 ? part : `.${part}`)).join("");
}
