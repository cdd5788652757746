/** What GraphiQL opens with: a tab for each system, and one that follows all of them. A tab has the name of its first operation. */
export const GRAPHIQL_TABS = [
  `# Weir, the live gauge on data pipelines: a tab for each system. Run one of a tab's operations.
# Where a token is asked for, put it into the tab Headers below: {"Authorization": "Bearer weir_…"}, and reload the schema.

query HL7Files {
  ingestSummary {
    logFiles { parsed failed total }
    hl7Files { staged ingested failed total }
  }
  logFiles(first: 20) {
    nodes {
      logFilePath
      date
      currentStatus { status errorMessage }
      hl7FileCounts { staged ingested failed total }
    }
  }
}

# Each report as it is committed.
subscription HL7FilesLive {
  fileStatusRecorded {
    isCurrent
    fileStatus { filePath type status errorMessage processedAt }
  }
}

mutation ReportFile {
  recordFileStatus(input: { filePath: "/logs/20240115_demo.log", type: LOG, status: PARSED }) { id processedAt }
}
`,
  `query Pipelines {
  pipelines(first: 20) { nodes { sourceTablename nextRunAt } }
  runs(first: 20) {
    nodes { id status startedAt errorMessage stages { stageName log { status rowsProcessed } } }
  }
}

# The runs that are under way, then what becomes of all of them.
subscription RunsLive {
  runChanged(snapshot: true, filter: { status: [PENDING, RUNNING] }) {
    operation
    run { id status currentStage }
  }
}
`,
  `query Documents {
  fileStatusCounts { status count }
  files(first: 20, filter: { status: [FAILED] }) {
    nodes { id filehash overallStatus { status failedSteps totalSteps } steps { stepName status errorMessage } }
  }
}

# Each step of a document that begins or ends.
subscription StepsLive {
  fileStepChanged {
    step { stepName status errorMessage }
  }
}

mutation NewDocument {
  createFile(input: { filehash: "abc123" }) { id }
}
`,
  `query Reports {
  reports(first: 20) { nodes { tableName reportName } }
  seederRuns(first: 20) { nodes { runId tableName status recordsProcessed errors } }
}

# Each refresh that begins or ends.
subscription RefreshesLive {
  seederRunChanged {
    run { runId tableName status errors }
  }
}
`,
  `# Every change of all systems.
subscription Everything {
  changes { at topic operation key actor }
}

query Attention {
  attention { system count message }
}
`,
];
