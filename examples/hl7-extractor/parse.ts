/** What the lake keeps of a report. A field that is empty or absent is null. */
export interface Report {
  /** MSH-10 */
  readonly messageControlId: string;
  /** MSH-7, as the message has it */
  readonly messageDateTime: string | null;
  /** MSH-9 */
  readonly messageType: string | null;
  /** MSH-4 */
  readonly sendingFacility: string | null;
  /** PID-3.1 */
  readonly patientId: string | null;
  /** PID-5, its first repetition with its components, as the message has them */
  readonly patientName: string | null;
  /** PID-7 as YYYY-MM-DD; null when it is no date */
  readonly birthDate: string | null;
  /** PID-8 */
  readonly sex: string | null;
  /** OBR-3 of the first OBR */
  readonly accession: string | null;
  /** OBR-4.2 */
  readonly procedure: string | null;
  /** OBR-7, as the message has it */
  readonly observationDateTime: string | null;
}

/** Reads what the lake keeps, or says why the message can't be ingested. */
export function parseReport(text: string): Report | { readonly problem: string } {
  const segments = text.split(/[\r\n]+/).map((line) => line.trimStart());
  const header = segments.find((line) => line !== "");
  if (header === undefined || !/^MSH[^\w\s]/.test(header)) return { problem: "the message does not begin with MSH" };
  const separator = header.charAt(3);
  const split = (name: string) => segments.find((line) => line.startsWith(name + separator))?.split(separator) ?? [];
  const msh = split("MSH");
  const pid = split("PID");
  const obr = split("OBR");
  // MSH-2. What it leaves out has HL7's recommended character.
  const [component = "^", repetition = "~", escape = "\\", subcomponent = "&"] = msh[1] ?? "";
  const unescape = unescaper(escape, { F: separator, S: component, R: repetition, T: subcomponent, E: escape });
  const first = (field: string | undefined) => field?.split(repetition)[0];
  const part = (field: string | undefined, at: number) =>
    valueOf(unescape(first(field)?.split(component)[at - 1] ?? ""));
  const whole = (field: string | undefined) => valueOf(first(field));

  // MSH-1 is the separator itself, so MSH-n stands at n - 1.
  const messageControlId = part(msh[9], 1);
  if (messageControlId === null) return { problem: "the message has no message control id (MSH-10)" };
  return {
    messageControlId,
    messageDateTime: part(msh[6], 1),
    messageType: whole(msh[8]),
    sendingFacility: part(msh[3], 1),
    patientId: part(pid[3], 1),
    patientName: whole(pid[5]),
    birthDate: dayOf(part(pid[7], 1)),
    sex: part(pid[8], 1),
    accession: part(obr[3], 1),
    procedure: part(obr[4], 2),
    observationDateTime: part(obr[7], 1),
  };
}

/** Two quotes say that a value was deleted. */
function valueOf(text: string | undefined): string | null {
  const value = text?.trim() ?? "";
  return value === "" || value === '""' ? null : value;
}

function unescaper(escape: string, characters: Readonly<Record<string, string>>): (text: string) => string {
  return (text) =>
    text
      .split(escape)
      // Of a\S\b, every second part is a code between two escapes; an unknown one, or one that never ends, stays.
      .map((code, at, parts) => {
        if (at % 2 === 0) return code;
        return characters[code] ?? `${escape}${code}${at < parts.length - 1 ? escape : ""}`;
      })
      .join("");
}

/** The calendar day that a text begins with as yyyymmdd, as YYYY-MM-DD. */
export function dayOf(text: string | null): string | null {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)/.exec(text ?? "") ?? [];
  if (year === undefined || year === "0000") return null;
  const date = `${year}-${month}-${day}`;
  const time = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(date) ? date : null;
}
