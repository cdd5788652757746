import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";

export interface SyntheticLogsOptions {
  readonly folder: string;
  /** Milliseconds between logs. Default 2000. */
  readonly every?: number;
  /** Most logs of its own in the folder; the oldest go first. Default 200. */
  readonly keep?: number;
  readonly signal: AbortSignal;
}

const OWN_NAME = /^\d{8}_\d{6}_[a-z]+(?:_\d+)?\.log$/;
const MODALITIES = ["ct", "mr", "us", "xr", "nm"] as const;
const BODY_PARTS = ["CHEST", "ABDOMEN", "BRAIN", "HAND", "BONE"];
const FAMILY_NAMES = ["Señor", "Smith", "Tanaka", "Okafor", "García", "Østergaard", "Ivanova", "Müller"];
const FINDINGS = ["No acute abnormality.", "Unchanged nodule of 4 mm.", "Small effusion on the left.", "No fracture."];

/** Writes synthetic logs at a gentle pace until aborted. None of it is of a real person. */
export async function writeSyntheticLogs(options: SyntheticLogsOptions): Promise<void> {
  const { folder, every = 2_000, keep = 200, signal } = options;
  await mkdir(folder, { recursive: true });
  while (!signal.aborted) {
    await writeLog(folder, new Date());
    const own = (await readdir(folder)).filter((name) => OWN_NAME.test(name)).toSorted();
    for (const name of own.slice(0, Math.max(0, own.length - keep))) await rm(join(folder, name), { force: true });
    await setTimeout(every, undefined, { signal }).catch(() => {});
  }
}

/** Under its final name the log is there as a whole, or not at all. */
async function writeLog(folder: string, now: Date): Promise<void> {
  const modality = oneOf(MODALITIES);
  const stem = `${stamp(now, "_")}_${modality}`;
  const taken = new Set(await readdir(folder));
  let name = `${stem}.log`;
  for (let at = 2; taken.has(name); at += 1) name = `${stem}_${at}.log`;
  const unfinished = join(folder, `${name}.unfinished`);
  await writeFile(unfinished, syntheticLog(now, modality), "latin1");
  await rename(unfinished, join(folder, name));
}

/** A log of 3 to 8 messages; one in 20 is blank, one in 20 has no MSH-10. */
function syntheticLog(now: Date, modality: string): string {
  const messages = Array.from({ length: 3 + below(6) }, (_, at) => {
    const time = stamp(now, " ").replace(/(\d\d)(\d\d)(\d\d)$/, "$1:$2:$3");
    const chance = Math.random();
    const text = chance < 0.05 ? "\n  \n" : syntheticMessage(now, modality, at, chance < 0.1);
    return `${time}.${String(at).padStart(3, "0")} RCV len=${text.length} <SB>\n${text}<EB> ${time} ACK\n`;
  });
  return messages.join("");
}

function syntheticMessage(now: Date, modality: string, at: number, isAnonymous: boolean): string {
  const time = stamp(now, "");
  const id = `${time}${String(at).padStart(3, "0")}`;
  const birth = `${1930 + below(90)}${two(1 + below(12))}${two(1 + below(28))}`;
  const name = `${oneOf(FAMILY_NAMES)}^${String.fromCharCode(65 + below(26))}`;
  return [
    `MSH|^~\\&|RADIS|HOSP|SCRIBE|HOSP|${time}||ORU^R01|${isAnonymous ? "" : `MSG${id}`}|P|2.7`,
    `PID|1||${100_000 + below(900_000)}^^^HOSP^MR||${name}||${birth}|${oneOf(["F", "M"])}`,
    `OBR|1||ACC${id}|${at}^${modality.toUpperCase()} ${oneOf(BODY_PARTS)}|||${time}`,
    `OBX|1|TX|GDT^REPORT||FINDINGS: ${oneOf(FINDINGS)}||||||F`,
    `OBX|2|TX|IMP^IMPRESSION||Synthetic study, number ${at}.||||||F`,
    "",
  ].join("\n");
}

/** Local time as yyyymmdd, the separator, hhmmss. */
function stamp(time: Date, separator: string): string {
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("");
  return day + separator + [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join("");
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function below(limit: number): number {
  return Math.floor(Math.random() * limit);
}

function oneOf<Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item {
  const item = items[below(items.length)];
  if (item === undefined) throw new Error("nothing to choose from");
  return item;
}

const USAGE = `Writes synthetic HL7-ish logs until Ctrl-C.

  node examples/synthetic-logs.ts --logs <folder> [--every <seconds>] [--keep <number>]

  --logs <folder>    where to
  --every <seconds>  between logs; 2 unless given
  --keep <number>    of logs at most, the oldest go first; 200 unless given
`;

async function main(args: string[]): Promise<number> {
  const options = { logs: { type: "string" }, every: { type: "string" }, keep: { type: "string" } } as const;
  let values: { logs?: string; every?: string; keep?: string };
  try {
    values = parseArgs({ args, options }).values;
  } catch {
    values = {};
  }
  const every = Number(values.every ?? 2);
  const keep = Number(values.keep ?? 200);
  if (values.logs === undefined || !(every > 0) || !Number.isInteger(keep) || keep < 1) {
    process.stderr.write(USAGE);
    return 2;
  }
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  await writeSyntheticLogs({ folder: values.logs, every: every * 1_000, keep, signal: stop.signal });
  return 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
