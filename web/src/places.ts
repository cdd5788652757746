/** Where a thing is looked at, by the topic and key of its changes. A run without its table is found by its id. */
export function hrefOf(topic: string, key: string, table = ""): string {
  const name = encodeURIComponent(key);
  switch (topic) {
    case "FILE_STATUS":
      return `/ingest/log?path=${name}`;
    case "HL7_FILE":
      return `/ingest/file?path=${name}`;
    case "PIPELINE":
      return `/pipelines/${name}`;
    case "RUN":
    case "RUN_STAGE":
      return table === "" ? `/runs/${name}` : `/pipelines/${encodeURIComponent(table)}/runs/${name}`;
    case "FILE":
    case "FILE_STEP":
    case "PROCESSING_LOG":
      return `/documents/${name}`;
    default:
      return `/reports/${name}`;
  }
}
