import { sql } from "drizzle-orm";
import { type Database, type Db, isForNobody } from "../../db/client.ts";
import { type ReportRunRow, reportRuns } from "../../db/reports/tables.ts";
import { type JsonRow, rowReader } from "../../db/rows.ts";
import { textArray } from "../batches.ts";
import { coalesceWrites, type OnBatch } from "../coalesce.ts";
import { asWriter, jsonBehindWriter, retried } from "../transactions.ts";

/** What all reports of one statement have in common. */
interface Reporter {
  /** Name of the token that writes; '' without authentication. */
  readonly actor: string;
  /** The agencies that it sees; null: all. */
  readonly agencies: readonly string[] | null;
  /** The run's id. */
  readonly run: string;
}

interface RunStart extends Reporter {
  /** The report's table. */
  readonly name: string;
}

interface ReportedEnd extends Reporter {
  /** What went wrong; null: nothing. */
  readonly errors: string | null;
  /** What was measured; null: it stays as it is. */
  readonly records: number | null;
  readonly bytes: number | null;
  readonly memory: number | null;
  readonly cpu: number | null;
}

/** What became of a report. `reporting.start_runs` and `reporting.end_runs` say what their verdicts mean. */
interface Written<Verdict extends string> {
  readonly verdict: Verdict;
  readonly run: ReportRunRow | null;
}
type Started = Written<"started" | "as_it_is" | "other_report" | "no_manifest">;
type Ended = Written<"ended" | "as_it_is" | "no_run" | "invalid" | "own">;

/** Writes of workers that refresh reports. Those that come together are one statement, in which a run is once at most. */
export interface ReportWriters {
  start(start: RunStart): Promise<Started>;
  end(end: ReportedEnd): Promise<Ended>;
}

export function createReportWriters({ db }: Database, onBatch?: OnBatch): ReportWriters {
  return {
    start: coalesceWrites({
      kind: "report_starts",
      onBatch,
      write: (starts: readonly RunStart[]) => retried(() => startRuns(db, starts)),
      groupOf,
      subjectsOf,
      isFatal: isForNobody,
    }),
    end: coalesceWrites({
      kind: "report_ends",
      onBatch,
      write: (ends: readonly ReportedEnd[]) => retried(() => endRuns(db, ends)),
      groupOf,
      subjectsOf,
      isFatal: isForNobody,
    }),
  };
}

const groupOf = ({ actor, agencies }: Reporter) => JSON.stringify([actor, agencies]);
const subjectsOf = ({ run }: Reporter) => [run];

const toRun = rowReader(reportRuns);

function startRuns(db: Db, starts: readonly RunStart[]): Promise<readonly Started[]> {
  return write(db, "start_runs", starts);
}

function endRuns(db: Db, ends: readonly ReportedEnd[]): Promise<readonly Ended[]> {
  return write(db, "end_runs", ends);
}

async function write<Verdict extends string>(
  db: Db,
  work: "start_runs" | "end_runs",
  reports: readonly Reporter[],
): Promise<readonly Written<Verdict>[]> {
  const [first] = reports;
  const json = reports.map(({ actor: _actor, agencies: _agencies, ...report }, place) => ({ place, ...report }));
  const agencies = first?.agencies == null ? sql`null` : textArray(first.agencies);
  const rows = await db.execute<{ verdict: Verdict; run: JsonRow | null }>(sql`/* reports.${sql.raw(work)} */
    with w as materialized (${asWriter(first?.actor ?? "")})
    select r.verdict, r.run from w, reporting.${sql.raw(work)}(${jsonBehindWriter(json)}, ${agencies}) r order by r.place`);
  return rows.map(({ verdict, run }) => ({ verdict, run: run === null ? null : toRun(run) }));
}
