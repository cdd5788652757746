/** A CSV file is malformed; the message says where and how. */
export class CsvError extends Error {
  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`);
  }
}

/** One record and the line on which it begins, from 1: a quoted text may go over several. */
export interface CsvRecord {
  readonly line: number;
  /** Null: empty and not quoted. */
  readonly fields: readonly (string | null)[];
}

/** Where the reader stands: before a field, in a plain one, in a quoted one, behind a quote that may be its end. */
type Place = "start" | "plain" | "quoted" | "quote";

/** Reads CSV as RFC 4180 has it, with lines that end in LF or CRLF. Lines that are empty are left out. Throws {@link CsvError}. */
export async function* readCsv(chunks: AsyncIterable<Uint8Array>): AsyncIterable<CsvRecord> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  let first = 1;
  let place: Place = "start";
  let text = "";
  let fields: (string | null)[] = [];

  const decode = (chunk?: Uint8Array) => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw new CsvError(line, "or one soon after it is not in UTF-8");
    }
  };
  const endField = () => {
    // The CR of CRLF.
    const plain = place === "plain" && text.endsWith("\r") ? text.slice(0, -1) : text;
    fields.push(place === "quote" ? text : plain === "" ? null : plain);
    place = "start";
    text = "";
  };
  const endRecord = (): CsvRecord | undefined => {
    endField();
    const record = { line: first, fields };
    fields = [];
    return record.fields.length === 1 && record.fields[0] === null ? undefined : record;
  };

  const isOpen = () => place === "quoted";

  function* take(chunk: string): Iterable<CsvRecord> {
    for (let at = 0; at < chunk.length; at += 1) {
      const character = chunk[at] ?? "";
      if (character === "\0") throw new CsvError(line, "contains a NUL character");
      if (place === "quoted") {
        if (character === '"') place = "quote";
        else text += character;
      } else if (place === "quote" && character === '"') {
        text += '"';
        place = "quoted";
      } else if (character === ",") endField();
      else if (character === "\n") {
        const record = endRecord();
        first = line + 1;
        if (record !== undefined) yield record;
      } else if (place === "start" && character === '"') place = "quoted";
      else if (character === '"' || (place === "quote" && character !== "\r")) {
        throw new CsvError(
          line,
          "has a quote in the middle of a text; quote the whole text, and write each quote in it twice",
        );
      } else if (place !== "quote") {
        text += character;
        place = "plain";
      }
      if (character === "\n") line += 1;
    }
  }

  for await (const chunk of chunks) yield* take(decode(chunk));
  yield* take(decode());
  if (isOpen()) throw new CsvError(first, "begins a record with a quoted text that never ends");
  const last = endRecord();
  if (last !== undefined) yield last;
}
