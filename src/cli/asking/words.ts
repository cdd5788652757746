/** Words of the API that the command line takes. */
export const FILE_TYPES = ["LOG", "HL7"] as const;
export const FILE_STATUSES = ["PARSED", "STAGED", "INGESTED", "FAILED"] as const;
export const STEP_STATUSES = ["PENDING", "IN_PROGRESS", "SUCCESS", "FAILURE", "SKIPPED"] as const;
