import { and, sql } from "drizzle-orm";
import type { Known } from "../../db/columns.ts";
import { type StageLogRow, type StageStatusWord, stageLogs } from "../../db/pipelines/tables.ts";
import { conditionsToSql, containsText, when } from "../../feed/conditions.ts";
import type { Context } from "../context.ts";
import { numberedId } from "../input.ts";
import { connect, listRows } from "../lists.ts";
import type { Connection, FilterArgs, Order } from "../paging.ts";
import { MOST_SEARCHED } from "./reads.ts";

type Maybe<T> = T | null | undefined;

export interface StageLogFilter {
  readonly runId?: Maybe<string>;
  readonly sourceTablename?: Maybe<string>;
  readonly status?: Maybe<readonly Known<StageStatusWord>[]>;
  readonly startedAfter?: Maybe<string>;
  readonly startedBefore?: Maybe<string>;
  readonly errorContains?: Maybe<string>;
}

/** Newest first. */
const STAGE_LOG_ORDER: Order<StageLogRow> = {
  name: "stage_log",
  columns: [{ expression: sql`${stageLogs.id}`, direction: "desc", type: "bigint" }],
  keyOf: ({ id }) => [id],
};

/** The stages of all runs. */
export async function runStageLogs(
  { database, settings }: Context,
  args: FilterArgs<StageLogFilter>,
): Promise<Connection<StageLogRow>> {
  const filter = args.filter ?? {};
  const where = conditionsToSql<keyof StageLogRow>(stageLogs, [
    ...when(filter.runId, (id) => ({ column: "pipelineRunId" as const, in: [numberedId(id) ?? 0] })),
    ...when(filter.sourceTablename, (name) => ({ column: "sourceTablename" as const, in: [name] })),
    ...when(filter.status, (words) => ({ column: "knownStatus" as const, in: words })),
    ...when(filter.startedAfter, (after) => ({ column: "startedAt" as const, after })),
    ...when(filter.startedBefore, (before) => ({ column: "startedAt" as const, before })),
  ]);
  const withError =
    filter.errorContains == null
      ? undefined
      : sql`${stageLogs.id} in (select f.id from (
            select id, error_message from pipeline.pipeline_run_stage_logs where known_status = 'failed'
            order by id desc limit ${MOST_SEARCHED}) f
          where ${containsText([sql`f.error_message`], filter.errorContains)})`;
  const list = await listRows(database.db, {
    name: "runs.stage_logs_of_all",
    table: stageLogs,
    order: STAGE_LOG_ORDER,
    where: and(where, withError),
    args,
    maxSize: settings.maxPageSize,
  });
  return connect(list, (row) => row);
}
