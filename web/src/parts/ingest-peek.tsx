import { Link } from "wouter";
import { timeOf } from "../clock.ts";
import { FilePageDocument, LogPageDocument } from "../gql/graphql.ts";
import { useQuery } from "../query.ts";
import { baseName, figure, lookOf, many } from "../words.ts";
import { Empty, Mark, Problem, Skeleton, StatusMark, When } from "./basics.tsx";
import { CopyButton, Peek } from "./peek.tsx";

const TOPICS = ["FILE_STATUS", "HL7_FILE"];
const fileHref = (path: string) => `/ingest/file?path=${encodeURIComponent(path)}`;

/** A log: why, its segments, where it came from. */
export function LogPeek({ path, back }: { path: string; back: string }) {
  const query = useQuery(LogPageDocument, { path }, TOPICS);
  const log = query.data?.logFile;
  const failed = log?.hl7Files.nodes.find(({ currentStatus }) => currentStatus?.status === "FAILED");
  const isFailed = log?.currentStatus?.status === "FAILED";
  const reason = isFailed ? log?.currentStatus?.errorMessage : failed?.currentStatus?.errorMessage;
  return (
    <Peek
      back={back}
      title={baseName(path)}
      tag={<StatusMark status={failed === undefined ? log?.currentStatus?.status : "FAILED"} size={16} />}
      actions={<CopyButton text={path} name="Copy path" />}
    >
      {query.error === null ? null : <Problem error={query.error} retry={query.reload} />}
      {query.data === null && query.error === null ? <Skeleton /> : null}
      {query.data !== null && log == null ? <Empty title={`Nothing was reported of ${path}.`} /> : null}
      {log == null ? null : (
        <>
          {reason == null ? null : (
            <section>
              <div className="because">
                <Mark name="failed" tone="failed" word="failed" size={16} />
                <div>
                  <b>{reason}</b>
                  <p>
                    {isFailed || failed === undefined
                      ? "The log itself could not be read."
                      : `segment ${failed.segmentNumber}${log.hl7FileCounts.failed > 1 ? `, and ${log.hl7FileCounts.failed - 1} more` : ""}`}
                  </p>
                </div>
              </div>
            </section>
          )}
          <section>
            <h3>
              <span>{many(log.hl7FileCounts.total, "segment")}</span>
              <span>
                {figure(log.hl7FileCounts.ingested)} ingested · {figure(log.hl7FileCounts.staged)} staged ·{" "}
                {figure(log.hl7FileCounts.failed)} failed
              </span>
            </h3>
            <ul className="squares">
              {log.hl7Files.nodes.map(({ segmentNumber, hl7FilePath, currentStatus }) => {
                const { word } = lookOf(currentStatus?.status);
                return (
                  <li key={`${segmentNumber} ${hl7FilePath}`}>
                    <Link
                      href={fileHref(hl7FilePath)}
                      title={`${segmentNumber}: ${word} ${currentStatus?.errorMessage ?? ""}`}
                      aria-label={`segment ${segmentNumber}, ${word}`}
                    >
                      <StatusMark status={currentStatus?.status} />
                    </Link>
                  </li>
                );
              })}
            </ul>
            {(log.hl7Files.totalCount ?? 201) > 200 ? <p className="dim">the first 200 of them</p> : null}
          </section>
          <section>
            <dl className="kv">
              <dt>Path</dt>
              <dd className="mono wrap">{path}</dd>
              <dt>Log date</dt>
              <dd>{log.date ?? "–"}</dd>
              <dt>{lookOf(log.currentStatus?.status).word}</dt>
              <dd>
                <When at={log.currentStatus?.processedAt} />
              </dd>
              <dt>Last change</dt>
              <dd>
                <When at={log.changedAt} />
              </dd>
              <dt>Workflow</dt>
              <dd className="mono wrap">{log.currentStatus?.workflowId ?? "–"}</dd>
            </dl>
          </section>
        </>
      )}
    </Peek>
  );
}

/** An HL7 file and its attempts. */
export function FilePeek({ path, back }: { path: string; back: string }) {
  const query = useQuery(FilePageDocument, { path }, TOPICS);
  const file = query.data?.hl7File;
  const statuses = query.data?.fileStatuses.nodes ?? [];
  return (
    <Peek
      back={back}
      title={baseName(path)}
      tag={<StatusMark status={statuses[0]?.status} size={16} />}
      actions={<CopyButton text={path} name="Copy path" />}
    >
      {query.error === null ? null : <Problem error={query.error} retry={query.reload} />}
      {query.data === null && query.error === null ? <Skeleton /> : null}
      {query.data !== null && statuses.length === 0 ? <Empty title={`Nothing was reported of ${path}.`} /> : null}
      <section>
        <h3>Attempts, the newest first</h3>
        <ul className="log">
          {statuses.map(({ id, status, processedAt, errorMessage }) => (
            <li key={id}>
              <time title={processedAt}>{timeOf(processedAt)}</time>
              <StatusMark status={status} />
              <p>
                <b>{lookOf(status).word}</b> {errorMessage}
              </p>
            </li>
          ))}
        </ul>
      </section>
      <section>
        <dl className="kv">
          <dt>Path</dt>
          <dd className="mono wrap">{path}</dd>
          <dt>Segment</dt>
          <dd>{file?.segmentNumber ?? "of no log that is known"}</dd>
          {file == null ? null : (
            <>
              <dt>Log</dt>
              <dd>
                <Link className="l" href={`/ingest/log?path=${encodeURIComponent(file.logFilePath)}`}>
                  {baseName(file.logFilePath)}
                </Link>
              </dd>
            </>
          )}
        </dl>
      </section>
    </Peek>
  );
}
