import { sql } from "drizzle-orm";
import { type Database, type Db, isForNobody, type Transaction } from "../../db/client.ts";
import { fileProcessingSteps, type StepRow } from "../../db/documents/tables.ts";
import { type JsonRow, rowReader } from "../../db/rows.ts";
import { coalesceWrites, type OnBatch } from "../coalesce.ts";
import { hashOf, otherInput } from "../idempotency.ts";
import { asWriter, jsonBehindWriter, retried, type WriteContext, writeInTransaction } from "../transactions.ts";
import { noSuchFile, type StepUpdate } from "./input.ts";
import { stepsByIds } from "./reads.ts";

/** A report that was checked. */
type Report = Omit<StepUpdate, "fileId"> & { readonly fileId: number };

interface KeyedReport extends Report {
  /** Name of the token that writes; '' without authentication. */
  readonly actor: string;
  readonly idempotencyKey: string | null;
}

export interface StepWriters {
  /** Sets a step and appends its log entry, both or neither. Reports that come together are one statement. Throws NOT_FOUND, CONFLICT. */
  report(report: KeyedReport): Promise<StepRow>;
}

export function createStepWriters({ db }: Database, onBatch?: OnBatch): StepWriters {
  return {
    report: coalesceWrites({
      kind: "steps",
      onBatch,
      write: (reports: readonly KeyedReport[]) => retried(() => write(db, reports)),
      groupOf: ({ actor }) => actor,
      // A statement can't tell apart two reports that claim the same key.
      subjectsOf: (report) =>
        report.idempotencyKey === null ? [stepOf(report)] : [stepOf(report), `key ${report.idempotencyKey}`],
      isFatal: isForNobody,
    }),
  };
}

function stepOf({ fileId, stepName }: Report): string {
  return `${fileId} ${stepName}`;
}

/** Sets steps and appends their log entries, all or none. Answers the step of each report after it. Throws NOT_FOUND, CONFLICT. */
export async function reportSteps(
  context: WriteContext,
  reports: readonly Report[],
  idempotencyKey: string | null | undefined,
): Promise<readonly StepRow[]> {
  const claim = { operation: "updateStepStatuses", idempotencyKey, input: reports };
  const steps = new Map<Report, StepRow>();
  const ids = await writeInTransaction(context, claim, async (tx) => {
    steps.clear();
    for (const turn of turnsOf(reports)) {
      const answers = await write(
        tx,
        turn.map((report) => ({ ...report, actor: context.viewer.name ?? "", idempotencyKey: null })),
      );
      for (const [at, report] of turn.entries()) {
        const answer = answers[at];
        if (answer === undefined || answer instanceof Error) throw answer ?? new Error("a report got no answer");
        steps.set(report, answer);
      }
    }
    return reports.flatMap((report) => steps.get(report)?.id ?? []);
  });
  if (steps.size > 0) return reports.flatMap((report) => steps.get(report) ?? []);
  // Written by the first report under this key.
  return stepsByIds(context.database.db, ids);
}

/** Reports in groups that have a step once, in their order. */
function turnsOf(reports: readonly Report[]): readonly (readonly Report[])[] {
  const turns: Report[][] = [];
  const counts = new Map<string, number>();
  for (const report of reports) {
    const subject = stepOf(report);
    const turn = counts.get(subject) ?? 0;
    counts.set(subject, turn + 1);
    const group = turns[turn] ?? [];
    turns[turn] = group;
    group.push(report);
  }
  return turns;
}

const toStep = rowReader(fileProcessingSteps);

/** No two reports are of one step. */
async function write(db: Db | Transaction, reports: readonly KeyedReport[]): Promise<readonly (StepRow | Error)[]> {
  const json = reports.map(toJson);
  const rows = await db.execute<{
    place: number;
    verdict: "reported" | "repeated" | "other_input" | "no_file";
    step: JsonRow | null;
  }>(sql`/* documents.update_step_statuses */ with w as materialized (${asWriter(reports[0]?.actor ?? "")})
    select u.place, u.verdict, u.step from w,
      documents.update_step_statuses(${jsonBehindWriter(json)}) u`);
  const byPlace = new Map(rows.map((row) => [row.place, row]));
  return reports.map((report, place) => {
    const row = byPlace.get(place);
    if (row?.verdict === "other_input") return otherInput(report.idempotencyKey ?? "");
    // Also where the step was removed after it was reported.
    return row?.step == null ? noSuchFile(report.fileId) : toStep(row.step);
  });
}

function toJson(report: KeyedReport, place: number) {
  const { fileId, stepName, status, errorMessage, startedAt, completedAt, message, detail, taskId } = report;
  const told = {
    file: fileId,
    name: stepName,
    status,
    error: errorMessage ?? null,
    starts: startedAt ?? null,
    ends: completedAt ?? null,
    message: message ?? null,
    detail: detail ?? null,
    task: taskId ?? null,
  };
  const { actor, idempotencyKey: key } = report;
  if (key === null) return { place, ...told };
  return { place, ...told, operation: "updateStepStatus", actor, key, hash: hashOf(told) };
}
