import { ask } from "./service.ts";

export interface Step {
  readonly id: string;
  readonly stepName: string;
  readonly kind: "MAIN" | "UPLOAD";
  readonly status: string;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  readonly durationSeconds: number | null;
  readonly errorMessage: string | null;
  readonly isStalled: boolean;
}

export interface Log {
  readonly id: string;
  readonly stepName: string | null;
  readonly status: string | null;
  readonly message: string | null;
  readonly detail: string | null;
  readonly timestamp: string;
}

const STEP = "id stepName kind status startedAt completedAt durationSeconds errorMessage isStalled";
const LOG = "id stepName status message detail timestamp";

/** Creates a file, with the main steps unless told otherwise, and answers its id. */
export async function createFile(url: string, input: object = {}): Promise<string> {
  const query = "mutation ($input: CreateFileInput!) { createFile(input: $input) { id } }";
  const { createFile: made } = await ask<{ createFile: { id: string } }>(url, query, {
    input: { filehash: "abc123", ...input },
  });
  return made.id;
}

export const UPDATE = `mutation ($input: UpdateStepStatusInput!, $key: String) {
  updateStepStatus(input: $input, idempotencyKey: $key) { ${STEP} }
}`;

export async function update(
  url: string,
  fileId: string,
  stepName: string,
  status: string,
  more: object = {},
  key: string | null = null,
): Promise<Step> {
  const input = { fileId, stepName, status, ...more };
  const { updateStepStatus } = await ask<{ updateStepStatus: Step }>(url, UPDATE, { input, key });
  return updateStepStatus;
}

export async function stepsOf(url: string, id: string): Promise<readonly Step[]> {
  const { file } = await ask<{ file: { steps: Step[] } }>(
    url,
    `query ($id: ID!) { file(id: $id) { steps { ${STEP} } } }`,
    {
      id,
    },
  );
  return file.steps;
}

/** The file's timeline, oldest first. */
export async function logsOf(url: string, id: string): Promise<readonly Log[]> {
  const query = `query ($id: ID!) { file(id: $id) { logs(first: 500) { nodes { ${LOG} } } } }`;
  const { file } = await ask<{ file: { logs: { nodes: Log[] } } }>(url, query, { id });
  return file.logs.nodes;
}

export interface Overall {
  readonly overallStatus: {
    readonly status: string;
    readonly hasErrors: boolean;
    readonly totalSteps: number;
    readonly completedSteps: number;
    readonly failedSteps: number;
    readonly inProgressSteps: number;
    readonly pendingSteps: number;
    readonly skippedSteps: number;
  };
  readonly stepSummary: {
    readonly main: Readonly<Record<string, number>>;
    readonly uploads: Readonly<Record<string, number>>;
  };
}

export const OVERALL = `overallStatus { status hasErrors totalSteps completedSteps failedSteps inProgressSteps pendingSteps skippedSteps }
  stepSummary { main { pending inProgress success failure skipped total } uploads { queued inProgress success failure skipped total } }`;

export async function overallOf(url: string, id: string): Promise<Overall> {
  const { file } = await ask<{ file: Overall }>(url, `query ($id: ID!) { file(id: $id) { ${OVERALL} } }`, { id });
  return file;
}
