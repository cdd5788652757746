import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseReport } from "../../examples/hl7-extractor/parse.ts";
import { type Segment, splitLog } from "../../examples/hl7-extractor/split.ts";
import { dateOfLog, stagedPath } from "../../examples/hl7-extractor/stage.ts";

const SAMPLES = fileURLToPath(new URL("../../examples/hl7-extractor/logs", import.meta.url));

async function split(...chunks: string[]): Promise<Segment[]> {
  const segments: Segment[] = [];
  for await (const segment of splitLog(chunks)) segments.push(segment);
  return segments;
}

describe("splitting", () => {
  it.each([
    ["20240115_radiology.log", 40, []],
    ["20240116_radiology.log", 12, [3]],
    ["20240117_empty.log", 0, []],
  ])("finds in %s %d messages, of which %j are blank", async (name, count, blank) => {
    const segments = await split(await readFile(join(SAMPLES, name), "latin1"));
    expect(segments.map(({ number }) => number)).toEqual(Array.from({ length: count }, (_, at) => at));
    expect(segments.filter(({ problem }) => problem === "blank message").map(({ number }) => number)).toEqual(blank);
  });

  it("finds the same in a log that comes a character at a time", async () => {
    const text = (await readFile(join(SAMPLES, "20240116_radiology.log"), "latin1")).replaceAll("\n", "\r\n");
    expect(await split(...Array.from(text))).toEqual(await split(text));
  });

  it.each([
    ["LF", "\n"],
    ["CRLF", "\r\n"],
    ["CR", "\r"],
  ])("keeps line endings as they are: %s", async (_name, ending) => {
    const message = `MSH|^~\\&|A${ending}PID|1${ending}`;
    const segments = await split(`08:00 RCV <SB>${ending}${message}<EB> ACK${ending}noise${ending}`);
    expect(segments).toEqual([{ number: 0, text: message, problem: null }]);
  });

  it("never joins a message that was cut off with the next one", async () => {
    expect(await split("<SB>\nMSH|1\n<SB>\nMSH|2\n<EB>\n")).toEqual([
      { number: 0, text: "MSH|1\n", problem: "no <EB> before the next <SB>" },
      { number: 1, text: "MSH|2\n", problem: null },
    ]);
  });

  it("says of the last message when the log ends before its <EB>", async () => {
    expect(await split("<SB>\nMSH|1\n<EB>\n<SB>\nMSH|2")).toEqual([
      { number: 0, text: "MSH|1\n", problem: null },
      { number: 1, text: "MSH|2", problem: "the log ends before its <EB>" },
    ]);
  });

  it("passes over an <EB> that ends nothing, and text outside of messages", async () => {
    expect(await split("x <EB> y\nMSH|0\n<SB>\nMSH|1\n<EB>")).toEqual([{ number: 0, text: "MSH|1\n", problem: null }]);
  });

  it("takes one line that ends a message and begins another", async () => {
    const segments = await split("<SB>\nMSH|1\n<EB> 08:00 <SB>\nMSH|2\n<EB>\n");
    expect(segments.map(({ text }) => text)).toEqual(["MSH|1\n", "MSH|2\n"]);
  });

  it("gives up a message that is longer than memory should hold, and goes on with the next", async () => {
    const line = `${"x".repeat(1023)}\n`;
    const segments = await split("<SB>\n", ...Array<string>(17 * 1024).fill(line), "<EB>\n<SB>\nMSH|2\n<EB>\n");
    expect(segments).toEqual([
      { number: 0, text: "", problem: "longer than 16 MiB" },
      { number: 1, text: "MSH|2\n", problem: null },
    ]);
  });

  it("finds a marker in a line without an end, where the pieces of the line meet", async () => {
    const segments = await split("<SB>\n", "MSH|1\n", `${"x".repeat(1024 * 1024)}<E`, "B> ACK\n", "<SB>\nMSH|2\n<EB>");
    expect(segments.map(({ problem }) => problem)).toEqual([null, null]);
  });
});

const MESSAGE = [
  "MSH|^~\\&|RADIS|HOSP|SCRIBE|HOSP|20240115174119||ORU^R01|MSG1|P|2.7",
  "PID|1||924653^^^HOSP^MR~111^^^OTHER||Se\xf1or^G~Alias^X||19840213|F",
  "OBR|1||ACC1|0^CT ABDOMEN|||20240115174200",
  "OBR|2||ACC2|1^CT CHEST|||20240115174300",
];
const parse = (lines: readonly string[]) => parseReport(lines.join("\r"));

describe("parsing", () => {
  it("reads the fields by their HL7 numbers, of the first PID and OBR", () => {
    expect(parse(MESSAGE)).toEqual({
      messageControlId: "MSG1",
      messageDateTime: "20240115174119",
      messageType: "ORU^R01",
      sendingFacility: "HOSP",
      patientId: "924653",
      patientName: "Señor^G",
      birthDate: "1984-02-13",
      sex: "F",
      accession: "ACC1",
      procedure: "CT ABDOMEN",
      observationDateTime: "20240115174200",
    });
  });

  it("goes by the separators that MSH names", () => {
    const translated = MESSAGE.map((line) =>
      line.replaceAll("|", "#").replaceAll("^", "*").replaceAll("~", "+").replace("*+\\&", "*+!%"),
    );
    expect(parse(translated)).toEqual({ ...parse(MESSAGE), messageType: "ORU*R01", patientName: "Señor*G" });
  });

  it("reads escape sequences", () => {
    const lines = MESSAGE.map((line) => line.replace("CT ABDOMEN", "A\\T\\B \\F\\ \\S\\ \\R\\ \\E\\ \\H\\ \\"));
    expect(parse(lines)).toMatchObject({ procedure: "A&B | ^ ~ \\ \\H\\ \\" });
  });

  it("answers null for what is empty, absent or deleted", () => {
    expect(parse(["MSH|^~\\&|||||||ORU|MSG1", 'PID|1||""||'])).toEqual({
      messageControlId: "MSG1",
      messageDateTime: null,
      messageType: "ORU",
      sendingFacility: null,
      patientId: null,
      patientName: null,
      birthDate: null,
      sex: null,
      accession: null,
      procedure: null,
      observationDateTime: null,
    });
  });

  it.each(["19841332", "1984", "00000101", "19830229", "born"])("answers null for the birth date %s", (date) => {
    expect(parse(MESSAGE.map((line) => line.replace("19840213", date)))).toMatchObject({ birthDate: null });
  });

  it("says that there is no message control id", () => {
    expect(parse(MESSAGE.map((line) => line.replace("MSG1", "")))).toEqual({
      problem: "the message has no message control id (MSH-10)",
    });
    expect(parse(["MSH|^~\\&"])).toEqual({ problem: "the message has no message control id (MSH-10)" });
  });

  it("says that it is no HL7 message", () => {
    expect(parse(["hello"])).toEqual({ problem: "the message does not begin with MSH" });
    expect(parse(["PID|1", ...MESSAGE])).toEqual({ problem: "the message does not begin with MSH" });
  });
});

describe("the place of a staged message", () => {
  it.each([
    ["/logs/20240115_radiology.log", "2024-01-15"],
    ["/20230101/ct-20240229.log", "2024-02-29"],
    ["radiology.log", null],
    ["20230229_ct.log", null],
    ["99999999_ct.log", null],
    ["120240115_ct.log", null],
    ["202401151030.log", "2024-01-15"],
    ["99999999_20240115.log", "2024-01-15"],
    ["7_20240115_20250101.log", "2024-01-15"],
  ])("%s is of %s", (path, date) => {
    expect(dateOfLog(path)).toBe(date);
  });

  it("is a folder by date, or one for unknown dates", () => {
    expect(stagedPath("/staging", "/logs/20240115_ct.log", 7)).toBe("/staging/2024/01/15/20240115_ct_7.hl7");
    expect(stagedPath("/staging", "/logs/ct.log", 0)).toBe("/staging/unknown-date/ct_0.hl7");
  });
});
