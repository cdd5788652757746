import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import type { WeirClient } from "../../src/client/index.ts";
import { ingest, type StagedMessage } from "./lake.ts";
import { createReporter, type Reporter } from "./report.ts";
import { splitLog } from "./split.ts";
import { dateOfLog, placeholderPath, stage, stagedPath } from "./stage.ts";

export interface Workplace {
  readonly client: WeirClient;
  /** Absolute paths: they are what Weir is told. */
  readonly staging: string;
  readonly lake: string;
}

export interface LogCounts {
  readonly messages: number;
  readonly staged: number;
  readonly ingested: number;
}

/**
 * Takes one log all the way: splits it, stages its messages, ingests them, and reports each step once it is done. When
 * this rejects, what was reported is true and the log can be taken again from the start.
 */
export async function extractLog(logPath: string, { client, staging, lake }: Workplace): Promise<LogCounts> {
  const reporter = createReporter(client, `hl7-extractor:${basename(logPath).slice(0, 100)}:${randomUUID()}`);
  const { messages, staged } = await splitAndStage(logPath, staging, reporter);
  await reporter.flush();
  const problems = staged.length === 0 ? new Map<number, string>() : await ingest(lake, logPath, staged);
  for (const { hl7FilePath, segmentNumber } of staged) {
    const errorMessage = problems.get(segmentNumber);
    const status = errorMessage === undefined ? "INGESTED" : "FAILED";
    await reporter.status({ type: "HL7", filePath: hl7FilePath, status, errorMessage, activityId: "ingest" });
  }
  await reporter.flush();
  return { messages, staged: staged.length, ingested: staged.length - problems.size };
}

async function splitAndStage(logPath: string, staging: string, reporter: Reporter) {
  const staged: StagedMessage[] = [];
  const date = dateOfLog(logPath);
  let messages = 0;
  for await (const { number, text, problem } of splitLog(createReadStream(logPath, "latin1"))) {
    messages += 1;
    const hl7FilePath = problem === null ? stagedPath(staging, logPath, number) : placeholderPath(logPath, number);
    if (problem === null) {
      await stage(hl7FilePath, text);
      staged.push({ hl7FilePath, segmentNumber: number });
    }
    await reporter.hl7File({ hl7FilePath, logFilePath: logPath, segmentNumber: number, date });
    const status = problem === null ? "STAGED" : "FAILED";
    await reporter.status({ type: "HL7", filePath: hl7FilePath, status, errorMessage: problem, activityId: "stage" });
  }
  const log = { type: "LOG", filePath: logPath, activityId: "split" } as const;
  await reporter.status({ ...log, status: "PARSED" });
  if (messages === 0) await reporter.status({ ...log, status: "FAILED", errorMessage: "no HL7 messages" });
  return { messages, staged };
}

/** Tells Weir that a log could not be taken, for a reason that is not Weir's. */
export async function reportFailedLog(client: WeirClient, logPath: string, errorMessage: string): Promise<void> {
  const reporter = createReporter(client, `hl7-extractor:${basename(logPath).slice(0, 100)}:${randomUUID()}`);
  await reporter.status({ type: "LOG", filePath: logPath, status: "FAILED", errorMessage, activityId: "split" });
  await reporter.flush();
}
