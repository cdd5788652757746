/** Settings that change what fields answer. */
export interface Settings {
  /** Most entries of a page. */
  readonly maxPageSize: number;
  /** Most rows of one batch mutation. */
  readonly maxBatchRows: number;
  /** A HL7 file that is staged for longer than this many minutes is stuck. */
  readonly stuckStagedMinutes: number;
  /** A reported instant may be so many minutes ahead of our clock. */
  readonly maxClockAheadMinutes: number;
  /** A run, or a report, that takes no longer than this many minutes is never long-running. */
  readonly longRunningMinutes: number;
  /** A step of a document that is in progress for longer than this many minutes is stalled. */
  readonly stepTimeoutMinutes: number;
  /** A report that failed so many times in a row is failing. */
  readonly failingAfter: number;
  /** A report that failed too often in a row is left alone for so many minutes. */
  readonly coolingMinutes: number;
  /** Changes, and so cursors, are kept for so many days. */
  readonly retentionDays: number;
  /** Of the service. */
  readonly version: string;
}
