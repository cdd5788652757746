import { eq, sql } from "drizzle-orm";
import type { Transaction } from "../../db/client.ts";
import { SQLSTATE, sqlState } from "../../db/client.ts";
import { lockSubject } from "../../db/locks.ts";
import {
  destinationsConfig,
  LEGS,
  type Leg,
  type PipelineRow,
  type PipelineStageRow,
  pipelineConfig,
  pipelineStages,
  sourcesConfig,
} from "../../db/pipelines/tables.ts";
import type { Context } from "../context.ts";
import { badInput, userError } from "../errors.ts";
import { writeInTransaction } from "../transactions.ts";
import {
  checkNewPipeline,
  checkPipeline,
  checkStages,
  type LegInput,
  type NewPipeline,
  type PipelineInput,
  type StageInput,
} from "./input.ts";
import { pipeline } from "./pipelines.ts";

type Values = Partial<typeof pipelineConfig.$inferInsert>;

/** Where a leg's settings are stored. */
export const LEG_COLUMNS = {
  sourceToDl: {
    schedule: "sourceToDlSchedule",
    loadType: "sourceToDlLoadType",
    isActive: "sourceToDlIsActive",
    incrementalKey: "sourceToDlIncrementalKey",
    lastIncrementalValue: "sourceToDlLastIncrementalValue",
  },
  dlToSink: {
    schedule: "dlToSinkSchedule",
    loadType: "dlToSinkLoadType",
    isActive: "dlToSinkIsActive",
    incrementalKey: "dlToSinkIncrementalKey",
    lastIncrementalValue: "dlToSinkLastIncrementalValue",
  },
} as const satisfies Readonly<Record<Leg, Readonly<Record<Exclude<keyof LegInput, "resetWatermark">, keyof Values>>>>;

/** What a leg's stored load type means. */
export const KNOWN_LOAD_TYPE = {
  sourceToDl: "knownSourceToDlLoadType",
  dlToSink: "knownDlToSinkLoadType",
} as const satisfies Readonly<Record<Leg, keyof PipelineRow>>;

/** Throws CONFLICT when there is one of that name, NOT_FOUND for an unknown source or destination. */
export async function createPipeline(context: Context, input: NewPipeline): Promise<PipelineRow> {
  const checked = checkNewPipeline(input);
  const { sourceTablename } = checked;
  await writeInTransaction(context, null, async (tx) => {
    await assertEndpoints(tx, checked);
    const values = valuesOf(checked);
    assertIncremental(values, values);
    const made = await tx
      .insert(pipelineConfig)
      .values({ ...values, sourceTablename })
      .onConflictDoNothing()
      .returning({ name: pipelineConfig.sourceTablename });
    if (made.length === 0) throw userError("CONFLICT", `There is a pipeline ${sourceTablename} already. Update it.`);
    return sourceTablename;
  });
  return existing(context, sourceTablename);
}

/** What is absent stays, what is null is cleared. */
export async function updatePipeline(
  context: Context,
  sourceTablename: string,
  input: PipelineInput,
): Promise<PipelineRow> {
  const checked = checkPipeline(input);
  await writeInTransaction(context, null, async (tx) => {
    const [present] = await tx
      .select()
      .from(pipelineConfig)
      .where(eq(pipelineConfig.sourceTablename, sourceTablename))
      .for("update");
    if (present === undefined) throw unknownPipeline(sourceTablename);
    await assertEndpoints(tx, checked);
    const values = valuesOf(checked);
    assertIncremental({ ...present, ...values }, values);
    for (const leg of LEGS) {
      if (checked[leg]?.resetWatermark !== true) await assertNotBackwards(tx, leg, present, values);
    }
    if (Object.keys(values).length > 0) {
      await tx.update(pipelineConfig).set(values).where(eq(pipelineConfig.sourceTablename, sourceTablename));
    }
    return sourceTablename;
  });
  return existing(context, sourceTablename);
}

/** Its runs stay. Throws CONFLICT while one of them is not finished. */
export async function deletePipeline(context: Context, sourceTablename: string): Promise<boolean> {
  try {
    await writeInTransaction(context, null, async (tx) => {
      const gone = await tx
        .delete(pipelineConfig)
        .where(eq(pipelineConfig.sourceTablename, sourceTablename))
        .returning({ name: pipelineConfig.sourceTablename });
      if (gone.length === 0) throw unknownPipeline(sourceTablename);
      return sourceTablename;
    });
  } catch (error) {
    if (sqlState(error) !== SQLSTATE.foreignKeyViolation) throw error;
    throw userError(
      "CONFLICT",
      `The pipeline ${sourceTablename} has a run that is not finished. Wait for its end, or cancel it.`,
    );
  }
  return true;
}

/** Replaces the whole template; an empty list removes it. Runs under way keep the stages that they began with. */
export async function setPipelineStages(
  context: Context,
  pipelineName: string,
  stages: readonly StageInput[],
): Promise<readonly PipelineStageRow[]> {
  const ordered = checkStages(pipelineName, stages);
  await writeInTransaction(context, null, async (tx) => {
    await lockSubject(tx, "stageTemplate", pipelineName);
    await tx.delete(pipelineStages).where(eq(pipelineStages.pipelineName, pipelineName));
    if (ordered.length > 0) {
      await tx.insert(pipelineStages).values(ordered.map((stage) => ({ ...stage, pipelineName })));
    }
    return pipelineName;
  });
  return templateOf(context, pipelineName);
}

/** In the order of the stages; empty for a name that has no template. */
export function templateOf({ database: { db } }: Context, pipelineName: string): Promise<readonly PipelineStageRow[]> {
  return db
    .select()
    .from(pipelineStages)
    .where(eq(pipelineStages.pipelineName, pipelineName))
    .orderBy(pipelineStages.stageOrder)
    .comment("pipelines.template");
}

export function unknownPipeline(sourceTablename: string) {
  return userError("NOT_FOUND", `There is no pipeline ${sourceTablename}. Create it with createPipeline.`);
}

async function existing(context: Context, sourceTablename: string): Promise<PipelineRow> {
  const row = await pipeline(context, sourceTablename);
  if (row === null) throw unknownPipeline(sourceTablename);
  return row;
}

/** The columns that an input names. What can't be null and is given as null is as good as absent. */
function valuesOf(input: PipelineInput): Values {
  const { sourceToDl, dlToSink, sourceType, sinkType, ...rest } = input;
  const legs = { sourceToDl, dlToSink };
  const given = LEGS.flatMap((leg) => {
    const { loadType, isActive, resetWatermark: _, ...nullable } = legs[leg] ?? {};
    const settings: LegInput = {
      ...nullable,
      ...(loadType == null ? {} : { loadType }),
      ...(isActive == null ? {} : { isActive }),
    };
    const columns: Readonly<Record<string, string>> = LEG_COLUMNS[leg];
    return Object.entries(settings).flatMap(([name, value]) => {
      const column = columns[name];
      return column === undefined || value === undefined ? [] : [[column, value] as const];
    });
  });
  return {
    ...Object.fromEntries(
      Object.entries(rest).filter(([name, value]) => value !== undefined && name !== "sourceTablename"),
    ),
    ...(sourceType == null ? {} : { sourceType }),
    ...(sinkType == null ? {} : { sinkType }),
    ...Object.fromEntries(given),
  };
}

/** Of the legs whose load `values` touches: what a program stored otherwise does not keep the rest from being changed. */
function assertIncremental(row: Values, values: Values): void {
  for (const leg of LEGS) {
    const { loadType, incrementalKey } = LEG_COLUMNS[leg];
    if (values[loadType] === undefined && values[incrementalKey] === undefined) continue;
    if (row[loadType]?.toLowerCase() === "incremental" && row[incrementalKey] == null) {
      throw badInput(
        `input.${leg}.loadType is INCREMENTAL without an incrementalKey. Name the column that grows with each change.`,
      );
    }
  }
}

async function assertNotBackwards(tx: Transaction, leg: Leg, present: PipelineRow, values: Values): Promise<void> {
  const column = LEG_COLUMNS[leg].lastIncrementalValue;
  const [old, value] = [present[column], values[column]];
  if (old === null || value == null || value === old) return;
  await assertSameKind(tx, `input.${leg}.lastIncrementalValue`, value, old);
  const [compared] = await tx.execute<{ is_earlier: boolean }>(
    sql`select pipeline.is_later(${old}, ${value}) as is_earlier`,
  );
  if (compared?.is_earlier !== true) return;
  throw userError(
    "CONFLICT",
    `input.${leg}.lastIncrementalValue ${value} is before the watermark ${old}, which never moves backwards by itself. Send resetWatermark: true with it to go back, or null to load everything anew.`,
  );
}

/** Numbers are followed by numbers, and instants by instants. Throws BAD_USER_INPUT. */
async function assertSameKind(tx: Transaction, name: string, value: string, old: string): Promise<void> {
  const [kinds] = await tx.execute<{ kind: string; old_kind: string }>(
    sql`select pipeline.kind_of_watermark(${value}) as kind, pipeline.kind_of_watermark(${old}) as old_kind`,
  );
  if (kinds === undefined || kinds.old_kind === "text" || kinds.kind === kinds.old_kind) return;
  throw otherKind(name, value, old, kinds.old_kind);
}

/** For a watermark that is of another kind than the stored one. */
export function otherKind(name: string, value: string, old: string, kind: string): Error {
  return badInput(
    `${name} ${JSON.stringify(value)} is no ${kind}, as the watermark ${old} is. Send one, or set the watermark anew by updatePipeline with resetWatermark.`,
  );
}

async function assertEndpoints(tx: Transaction, { sourceName, destinationName }: PipelineInput): Promise<void> {
  for (const [name, what, table] of [
    [sourceName, "source", sourcesConfig],
    [destinationName, "destination", destinationsConfig],
  ] as const) {
    if (name == null) continue;
    const found = await tx.select({ id: table.id }).from(table).where(eq(table.name, name)).for("key share");
    if (found.length === 0) throw userError("NOT_FOUND", `There is no ${what} ${name}. Create it first.`);
  }
}
