import { z } from "zod";
import type { Known } from "../../db/columns.ts";
import { LOAD_TYPES, type LoadTypeWord } from "../../db/pipelines/tables.ts";
import { badInput } from "../errors.ts";
import { checked, reportedWord } from "../input.ts";

type Maybe<T> = T | null | undefined;

const MOST_NAME = 512;
/** Ten years. */
const MOST_MINUTES = 5_256_000;
const MOST_STAGES = 100;

/** A name that is a key: a table's, a source's, a template's. */
const name = z.string().regex(/\S/, "is empty").max(MOST_NAME, `is longer than ${MOST_NAME} characters`);
const word = name.nullish();

const leg = z
  .object({
    schedule: z
      .int()
      .min(1, "is not a number of minutes above 0; null means on demand only")
      .max(MOST_MINUTES, `is more than ${MOST_MINUTES} minutes`)
      .nullish(),
    loadType: reportedWord(LOAD_TYPES).nullish(),
    isActive: z.boolean().nullish(),
    incrementalKey: word,
    lastIncrementalValue: z.string().max(MOST_NAME, `is longer than ${MOST_NAME} characters`).nullish(),
    resetWatermark: z.boolean().nullish(),
  })
  .nullish();

const update = z.object({
  sinkTablename: word,
  sourceType: word,
  sinkType: word,
  sourceName: word,
  destinationName: word,
  sourceToDl: leg,
  dlToSink: leg,
});
const create = update.extend({ sourceTablename: name });

const endpoint = z.object({ name, type: name });

const stage = z.object({ stageOrder: z.int(), stageName: name, stageType: name, driverContainer: name });

/** Of one leg, checked; absent keeps, null clears. */
export interface LegInput {
  readonly schedule?: Maybe<number>;
  readonly loadType?: Maybe<Known<LoadTypeWord>>;
  readonly isActive?: Maybe<boolean>;
  readonly incrementalKey?: Maybe<string>;
  readonly lastIncrementalValue?: Maybe<string>;
  /** The watermark may go back, and be of another kind. */
  readonly resetWatermark?: Maybe<boolean>;
}

export interface PipelineInput {
  readonly sinkTablename?: Maybe<string>;
  readonly sourceType?: Maybe<string>;
  readonly sinkType?: Maybe<string>;
  readonly sourceName?: Maybe<string>;
  readonly destinationName?: Maybe<string>;
  readonly sourceToDl?: Maybe<LegInput>;
  readonly dlToSink?: Maybe<LegInput>;
}

export interface NewPipeline extends PipelineInput {
  readonly sourceTablename: string;
}

export interface StageInput {
  readonly stageOrder: number;
  readonly stageName: string;
  readonly stageType: string;
  readonly driverContainer: string;
}

export function checkNewPipeline(input: NewPipeline): NewPipeline {
  return checked(create, input, ["input"]);
}

export function checkPipeline(input: PipelineInput): PipelineInput {
  return checked(update, input, ["input"]);
}

export function checkEndpoint(input: { readonly name: string; readonly type: string }): void {
  checked(endpoint, input, ["input"]);
}

/** In their order, which has to be 1, 2, 3… */
export function checkStages(pipelineName: string, stages: readonly StageInput[]): readonly StageInput[] {
  checked(name, pipelineName, ["pipelineName"]);
  if (stages.length > MOST_STAGES)
    throw badInput(`stages has ${stages.length}; a template has ${MOST_STAGES} at most.`);
  const ordered = checked(z.array(stage), stages, ["stages"]).toSorted(
    (one, other) => one.stageOrder - other.stageOrder,
  );
  for (const [at, { stageOrder }] of ordered.entries()) {
    if (stageOrder === at + 1) continue;
    const before = ordered[at - 1]?.stageOrder;
    throw badInput(
      before === stageOrder
        ? `Two stages have the stageOrder ${stageOrder}. Number them 1, 2, 3…`
        : `No stage has the stageOrder ${at + 1}. Number them 1, 2, 3…`,
    );
  }
  return ordered;
}
