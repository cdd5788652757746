import { ask } from "./service.ts";

/** The five stages that pipelines have by default, and the drivers that execute them. */
export const STAGES = [
  {
    stageOrder: 1,
    stageName: "Check source driver",
    stageType: "driver_source_to_dl",
    driverContainer: "source_driver",
  },
  {
    stageOrder: 2,
    stageName: "Extract to data lake",
    stageType: "loader_source_to_dl",
    driverContainer: "source_loader",
  },
  { stageOrder: 3, stageName: "Verify files", stageType: "verify_minio", driverContainer: "verifier" },
  { stageOrder: 4, stageName: "Check sink driver", stageType: "driver_dl_to_sink", driverContainer: "sink_driver" },
  { stageOrder: 5, stageName: "Load to sink", stageType: "loader_dl_to_sink", driverContainer: "sink_loader" },
];

export async function setStages(
  url: string,
  stages: readonly object[] = STAGES,
  pipelineName = "default",
): Promise<void> {
  await ask(
    url,
    "mutation ($name: String!, $stages: [PipelineStageInput!]!) { setPipelineStages(pipelineName: $name, stages: $stages) { id } }",
    { name: pipelineName, stages },
  );
}

export async function createPipeline(url: string, sourceTablename: string, input: object = {}): Promise<void> {
  await ask(url, "mutation ($input: CreatePipelineInput!) { createPipeline(input: $input) { sourceTablename } }", {
    input: { sourceTablename, ...input },
  });
}

export async function triggerRun(url: string, sourceTablename: string): Promise<string> {
  const { triggerRun: run } = await ask<{ triggerRun: { id: string } }>(
    url,
    "mutation ($name: String!) { triggerRun(sourceTablename: $name) { id } }",
    { name: sourceTablename },
  );
  return run.id;
}

export const START = "mutation ($run: ID!, $stage: Int!) { startStage(runId: $run, stageOrder: $stage) { status } }";
export const COMPLETE = `mutation ($run: ID!, $stage: Int!, $input: CompleteStageInput) {
  completeStage(runId: $run, stageOrder: $stage, input: $input) { status rowsProcessed filePaths durationSeconds completedAt } }`;
export const FAIL = `mutation ($run: ID!, $stage: Int!, $message: String! = "disk full") {
  failStage(runId: $run, stageOrder: $stage, errorMessage: $message) { status errorMessage } }`;

/** Starts and completes stages of a run, one after the other. */
export async function runStages(
  url: string,
  run: string,
  stages: readonly number[],
  inputs: Readonly<Record<number, object>> = {},
): Promise<void> {
  for (const stage of stages) {
    await ask(url, START, { run, stage });
    await ask(url, COMPLETE, { run, stage, input: inputs[stage] });
  }
}
