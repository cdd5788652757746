/** A message of a log, as it stands there; or where one should be, with what is wrong. */
export interface Segment {
  /** Its place in the log, from 0. */
  readonly number: number;
  readonly text: string;
  /** Why it can't be staged; null when nothing is wrong. */
  readonly problem: string | null;
}

const MARKER = /<SB>|<EB>/g;
/** Characters. What is longer is no report; keeping it would take the memory of the process. */
const LONGEST_MESSAGE = 16 * 1024 * 1024;
const LONGEST_LINE = 64 * 1024;

/**
 * Splits a HL7-ish log: a message is what lies between a line with `<SB>` and the next line with `<EB>`, line endings
 * included. A log is read in pieces; of it, one message is in memory at a time.
 *
 * A second `<SB>` before the `<EB>` begins a new message: the listener was interrupted, and joining the two would mix
 * two patients. The first is a segment with a problem, as is one that the end of the log cuts off.
 */
export async function* splitLog(chunks: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Segment, void> {
  let number = 0;
  let open: string[] | undefined;
  let length = 0;
  const close = (problem: string | null): Segment => {
    const text = (open ?? []).join("");
    open = undefined;
    const fault = problem ?? (length > LONGEST_MESSAGE ? "longer than 16 MiB" : null);
    return { number: number++, text, problem: fault ?? (text.trim() === "" ? "blank message" : null) };
  };
  for await (const line of linesOf(chunks)) {
    const markers = line.match(MARKER) ?? [];
    if (markers.length === 0 && open !== undefined) {
      length += line.length;
      if (length <= LONGEST_MESSAGE) open.push(line);
      else open.length = 0;
    }
    for (const marker of markers) {
      if (open !== undefined) yield close(marker === "<EB>" ? null : "no <EB> before the next <SB>");
      if (marker === "<SB>") open = [];
      length = 0;
    }
  }
  if (open !== undefined) yield close("the log ends before its <EB>");
}

/** Lines with their endings: LF, CRLF or, as HL7 itself has it, CR. A line that is far too long comes in pieces. */
async function* linesOf(chunks: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string, void> {
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split(/(?<=\n|\r(?!\n))/);
    // The last line may go on in the next chunk, even when it ends with a CR.
    rest = lines.pop() ?? "";
    yield* lines;
    if (rest.length > LONGEST_LINE) {
      // A marker may be cut in two.
      yield rest.slice(0, -3);
      rest = rest.slice(-3);
    }
  }
  if (rest !== "") yield rest;
}
