import { z } from "zod";
import { checked } from "../input.ts";
import { slugProblem, tableNameProblem } from "./query.ts";

const MOST_NAME_CHARACTERS = 512;
const MOST_QUERY_CHARACTERS = 262_144;
const MOST_ERROR_CHARACTERS = 262_144;
const MOST_RUN_ID_CHARACTERS = 255;
/** Ten years. */
const MOST_SCHEDULE_MINUTES = 5_256_000;

const whole = z.int().min(0, "is negative").nullish();
const number = z.int().min(0, "is negative");
const text = (most: number) => z.string().regex(/\S/, "is empty").max(most, `is longer than ${most} characters`);

/** A text that must pass a check which says what is wrong. */
function named(problemOf: (text: string) => string | undefined) {
  return z.string().superRefine((value, context) => {
    const problem = problemOf(value);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });
}

const scheduleMinutes = z
  .int()
  .min(1, "is less than a minute; leave it out for a report on demand only")
  .max(MOST_SCHEDULE_MINUTES, `is more than ${MOST_SCHEDULE_MINUTES}`)
  .nullish();
const agency = { agencyId: number, agencySlug: named(slugProblem) };
const report = {
  tableName: named(tableNameProblem),
  reportName: text(MOST_NAME_CHARACTERS),
  query: text(MOST_QUERY_CHARACTERS),
  databaseId: number,
};

const customManifest = z.object({ ...report, ...agency, enabled: z.boolean(), scheduleMinutes });
const cannedReport = z.object(report);
const cannedManifest = z.object({ ...agency, cannedReportId: z.string(), scheduleMinutes, enabled: z.boolean() });
const cannedManifestChange = z.object({ scheduleMinutes, enabled: z.boolean().nullish() });
const metrics = z.object({
  recordsProcessed: whole,
  bytesProcessed: whole,
  memoryUsageMb: whole,
  cpuPercentage: whole,
});

export type CustomManifestInput = z.infer<typeof customManifest>;
export type CannedReportInput = z.infer<typeof cannedReport>;
export type CannedManifestInput = z.infer<typeof cannedManifest>;
export type CannedManifestChange = z.infer<typeof cannedManifestChange>;
export type RunMetrics = z.infer<typeof metrics>;

export const checkCustomManifest = (input: CustomManifestInput) => checked(customManifest, input, ["input"]);
export const checkCannedReport = (input: CannedReportInput) => checked(cannedReport, input, ["input"]);
export const checkCannedManifest = (input: CannedManifestInput) => checked(cannedManifest, input, ["input"]);
export const checkCannedManifestChange = (input: CannedManifestChange) =>
  checked(cannedManifestChange, input, ["input"]);
export const checkMetrics = (input: RunMetrics | null | undefined) => checked(metrics, input ?? {}, ["input"]);
export const checkErrors = (errors: string) => checked(text(MOST_ERROR_CHARACTERS), errors, ["errors"]);
export const checkRunId = (runId: string) => checked(text(MOST_RUN_ID_CHARACTERS), runId, ["runId"]);
