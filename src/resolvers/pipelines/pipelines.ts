import type { PipelineRow } from "../../db/pipelines/tables.ts";
import { changesOf, type Filter, when } from "../../feed/conditions.ts";
import type { Context } from "../context.ts";
import { connect } from "../lists.ts";
import type { Connection, FilterArgs } from "../paging.ts";
import { listPipelines, type PipelineFilter, type PipelineOrder } from "./reads.ts";

export async function pipelines(
  { database, settings }: Context,
  args: FilterArgs<PipelineFilter> & { readonly orderBy?: PipelineOrder | null | undefined },
): Promise<Connection<PipelineRow>> {
  return connect(await listPipelines(database.db, args.filter ?? {}, args, settings.maxPageSize), (row) => row);
}

/** Null when there is none of that name. */
export function pipeline({ loaders }: Context, sourceTablename: string): Promise<PipelineRow | null> {
  return loaders.pipelines.pipeline.load(sourceTablename);
}

/** Whether the clock has gone past its schedule by more than an interval. */
export function isOverdue({ loaders }: Context, { sourceTablename }: PipelineRow): Promise<boolean> {
  return loaders.pipelines.isOverdue.load(sourceTablename);
}

/** Changes of one pipeline, or of all. */
export function pipelineChanges(sourceTablename: string | null | undefined): Filter {
  return changesOf(
    "PIPELINE",
    when(sourceTablename, (name) => ({ column: "sourceTablename", in: [name] })),
  );
}
