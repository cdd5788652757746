import { type DocumentRow, FILE_OVERALL_STATUSES, type FileOverallStatusWord } from "../../db/documents/tables.ts";
import { builder } from "../builder.ts";
import { Node } from "../node.ts";

export const FileOverallStatus = builder.enumType("FileOverallStatus", {
  description: "How far a file has come, over all of its steps.",
  values: {
    PENDING: { value: "pending", description: "No step has begun, or there is none." },
    PROCESSING: { value: "processing", description: "Some step has begun, none has failed, not all are done." },
    COMPLETED: { value: "completed", description: "Every step has succeeded or was skipped." },
    FAILED: { value: "failed", description: "At least one step has failed." },
  } as const,
});

/** PostgreSQL computes the word, of one expression. */
function overallStatusOf({ overallStatus }: Pick<DocumentRow, "overallStatus">): FileOverallStatusWord {
  const word = FILE_OVERALL_STATUSES.find((status) => status === overallStatus);
  if (word === undefined) throw new Error(`documents.files has the overall status ${overallStatus}`);
  return word;
}

const FileOverall = builder.objectRef<DocumentRow>("FileOverall").implement({
  description:
    "Where a file stands, and its steps by status. A step with a status of no known meaning is in the total alone.",
  fields: (t) => ({
    status: t.field({ type: FileOverallStatus, description: "Where the file stands.", resolve: overallStatusOf }),
    hasErrors: t.boolean({
      description: "Whether a step has failed.",
      resolve: (file) => file.mainFailure + file.uploadFailure > 0,
    }),
    totalSteps: t.int({ description: "All of its steps.", resolve: (file) => file.mainTotal + file.uploadTotal }),
    completedSteps: t.int({
      description: "Steps with status SUCCESS.",
      resolve: (file) => file.mainSuccess + file.uploadSuccess,
    }),
    failedSteps: t.int({
      description: "Steps with status FAILURE.",
      resolve: (file) => file.mainFailure + file.uploadFailure,
    }),
    inProgressSteps: t.int({
      description: "Steps with status IN_PROGRESS.",
      resolve: (file) => file.mainInProgress + file.uploadInProgress,
    }),
    pendingSteps: t.int({
      description: "Steps with status PENDING.",
      resolve: (file) => file.mainPending + file.uploadPending,
    }),
    skippedSteps: t.int({
      description: "Steps with status SKIPPED.",
      resolve: (file) => file.mainSkipped + file.uploadSkipped,
    }),
  }),
});

const StepCounts = builder.objectRef<DocumentRow>("StepCounts").implement({
  description: "Main steps by status.",
  fields: (t) => ({
    pending: t.exposeInt("mainPending", { description: "Not begun." }),
    inProgress: t.exposeInt("mainInProgress", { description: "In progress." }),
    success: t.exposeInt("mainSuccess", { description: "Done." }),
    failure: t.exposeInt("mainFailure", { description: "Failed." }),
    skipped: t.exposeInt("mainSkipped", { description: "Skipped." }),
    unknown: t.int({
      description: "With a status of no known meaning.",
      resolve: (f) => f.mainTotal - f.mainPending - f.mainInProgress - f.mainSuccess - f.mainFailure - f.mainSkipped,
    }),
    total: t.exposeInt("mainTotal", { description: "All of them." }),
  }),
});

const UploadCounts = builder.objectRef<DocumentRow>("UploadCounts").implement({
  description: "Upload steps by status, two for each destination.",
  fields: (t) => ({
    queued: t.exposeInt("uploadPending", { description: "Upload steps that have not begun." }),
    inProgress: t.exposeInt("uploadInProgress", { description: "In progress." }),
    success: t.exposeInt("uploadSuccess", { description: "Done." }),
    failure: t.exposeInt("uploadFailure", { description: "Failed." }),
    skipped: t.exposeInt("uploadSkipped", { description: "Skipped." }),
    unknown: t.int({
      description: "With a status of no known meaning.",
      resolve: (f) =>
        f.uploadTotal - f.uploadPending - f.uploadInProgress - f.uploadSuccess - f.uploadFailure - f.uploadSkipped,
    }),
    total: t.exposeInt("uploadTotal", { description: "All of them." }),
  }),
});

const StepSummary = builder.objectRef<DocumentRow>("StepSummary").implement({
  description: "The steps of a file by kind and status.",
  fields: (t) => ({
    main: t.field({ type: StepCounts, description: "Steps of the processing itself.", resolve: (file) => file }),
    uploads: t.field({ type: UploadCounts, description: "Steps of uploads to destinations.", resolve: (file) => file }),
  }),
});

export const File = builder.objectRef<DocumentRow>("File").implement({
  description: "A document on its way through the processing.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", { description: "Unique." }),
    filehash: t.exposeString("filehash", {
      description: "Digest of its content. Files of the same content share it.",
    }),
    originalFilename: t.exposeString("originalFilename", {
      nullable: true,
      description: "The name under which it came; null when it was not told.",
    }),
    fileSize: t.expose("fileSize", {
      type: "SafeInt",
      nullable: true,
      description: "Bytes; null when it was not told.",
    }),
    mimeType: t.exposeString("mimeType", { nullable: true, description: "Its media type; null when it was not told." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was reported first." }),
    overallStatus: t.field({
      type: FileOverall,
      description: "Where it stands over all of its steps.",
      resolve: (file) => file,
    }),
    stepSummary: t.field({ type: StepSummary, description: "Its steps by kind and status.", resolve: (file) => file }),
  }),
});
