import { sql } from "drizzle-orm";
import { type Database, type Db, isForNobody } from "../../db/client.ts";
import { pipelineRuns, type RunRow, type StageLogRow, stageLogs } from "../../db/pipelines/tables.ts";
import { type JsonRow, rowReader } from "../../db/rows.ts";
import { coalesceWrites, type OnBatch } from "../coalesce.ts";
import { asWriter, jsonBehindWriter, retried } from "../transactions.ts";

/** What somebody asks of one stage of a run. */
export interface StageMove {
  /** Name of the token that writes; '' without authentication. */
  readonly actor: string;
  readonly kind: "begin" | "heartbeat" | "success" | "failed";
  readonly run: number;
  readonly stage: number;
  /** Who holds the stage, or will; null: not checked. */
  readonly worker?: string | null;
  /** How long the lease lasts; null: there is none. */
  readonly seconds?: number | null;
  /** Of a success. */
  readonly rows?: number | null;
  readonly paths?: string | null;
  readonly watermark?: string | null;
  /** Of a failure. */
  readonly error?: string;
}

/** What became of a move. `pipeline.move_stages` says what its verdicts mean. */
export interface Moved {
  readonly verdict: "moved" | "as_it_is" | "no_run" | "no_stage" | "invalid" | "held" | "no_leg" | "other_kind";
  readonly told: { readonly next?: number | null; readonly stored?: string; readonly kind?: string } | null;
  readonly run: RunRow | null;
  readonly log: StageLogRow | null;
}

/** A driver that asks for work. */
interface ClaimRequest {
  readonly actor: string;
  readonly driver: string;
  readonly worker: string;
  readonly seconds: number;
  /** Most stages that it takes. */
  readonly most: number;
}

interface ClaimedStage {
  readonly run: RunRow;
  readonly log: StageLogRow;
}

/** Writes of drivers. Those that come together are one statement, in which a run has one move at most. */
export interface RunWriters {
  move(move: StageMove): Promise<Moved>;
  /** What it got, the oldest runs first. */
  claim(request: ClaimRequest): Promise<readonly ClaimedStage[]>;
}

export function createRunWriters({ db }: Database, onBatch?: OnBatch): RunWriters {
  return {
    move: coalesceWrites({
      kind: "stage_moves",
      onBatch,
      write: (moves: readonly StageMove[]) => retried(() => moveStages(db, moves)),
      groupOf: ({ actor }) => actor,
      subjectsOf: ({ run }) => [String(run)],
      isFatal: isForNobody,
    }),
    claim: coalesceWrites({
      kind: "claims",
      onBatch,
      write: (requests: readonly ClaimRequest[]) => retried(() => claimStages(db, requests)),
      groupOf: ({ actor }) => actor,
      subjectsOf: () => [],
      isFatal: isForNobody,
    }),
  };
}

const toRun = rowReader(pipelineRuns);
const toLog = rowReader(stageLogs);

async function moveStages(db: Db, moves: readonly StageMove[]): Promise<readonly Moved[]> {
  const json = moves.map(({ actor: _actor, ...move }, place) => ({ place, ...move }));
  const rows = await db.execute<{
    verdict: Moved["verdict"];
    told: Moved["told"];
    run: JsonRow | null;
    log: JsonRow | null;
  }>(sql`/* runs.move_stages */ with w as materialized (${asWriter(moves[0]?.actor ?? "")})
    select m.verdict, m.told, m.run, m.log from w, pipeline.move_stages(${jsonBehindWriter(json)}) m order by m.place`);
  return rows.map(({ verdict, told, run, log }) => ({
    verdict,
    told,
    run: run === null ? null : toRun(run),
    log: log === null ? null : toLog(log),
  }));
}

async function claimStages(db: Db, requests: readonly ClaimRequest[]): Promise<readonly (readonly ClaimedStage[])[]> {
  const json = requests.map(({ actor: _actor, ...request }, place) => ({ place, ...request }));
  const rows = await db.execute<{ place: number; run: JsonRow; log: JsonRow }>(sql`/* runs.claim_stages */
    with w as materialized (${asWriter(requests[0]?.actor ?? "")})
    select c.place, c.run, c.log from w, pipeline.claim_stages(${jsonBehindWriter(json)}) c`);
  const taken: ClaimedStage[][] = requests.map(() => []);
  for (const { place, run, log } of rows) taken[place]?.push({ run: toRun(run), log: toLog(log) });
  return taken;
}
