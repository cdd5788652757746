import { timeOf } from "../clock.ts";
import { DocumentPageDocument } from "../gql/graphql.ts";
import { useQuery } from "../query.ts";
import { duration, figure, lookOf } from "../words.ts";
import { Empty, Mark, Problem, Skeleton, StatusMark, When } from "./basics.tsx";
import { CopyButton, Peek } from "./peek.tsx";

/** A document: why it stopped, its steps, its log. */
export function DocumentPeek({ id, back }: { id: string; back: string }) {
  const query = useQuery(DocumentPageDocument, { id }, ["FILE", "FILE_STEP", "PROCESSING_LOG"]);
  const file = query.data?.file;
  const failed = file?.steps.filter(({ status }) => status === "FAILURE") ?? [];
  return (
    <Peek
      back={back}
      title={file?.originalFilename ?? file?.filehash ?? `Document ${id}`}
      tag={<StatusMark status={file?.overallStatus.status} size={16} />}
      actions={<CopyButton text={id} name="Copy id" />}
    >
      {query.error === null ? null : <Problem error={query.error} retry={query.reload} />}
      {query.data === null && query.error === null ? <Skeleton /> : null}
      {query.data !== null && file == null ? <Empty title={`There is no document ${id}.`} /> : null}
      {file == null ? null : (
        <>
          {failed.map(({ id: step, stepName, errorMessage, attempts }) => (
            <section key={step}>
              <div className="because">
                <Mark name="failed" tone="failed" word="failed" size={16} />
                <div>
                  <b>{errorMessage ?? "It failed, and nobody said why"}</b>
                  <p>
                    at {stepName}
                    {attempts > 1 ? `, tried ${attempts} times` : ""}
                  </p>
                </div>
              </div>
            </section>
          ))}
          <section>
            <h3>
              <span>Steps</span>
              <span>
                came <When at={file.createdAt} />
              </span>
            </h3>
            <ul className="log steps">
              {file.steps.map((step) => (
                <li key={step.id}>
                  {step.isStalled ? (
                    <Mark name="long" tone="watch" word="stalled" />
                  ) : (
                    <StatusMark status={step.status} />
                  )}
                  <p className="ell">
                    <b>{step.stepName}</b> {step.attempts > 1 ? `${step.attempts} attempts` : ""}
                  </p>
                  <span className="d">{duration(step.durationSeconds)}</span>
                </li>
              ))}
            </ul>
          </section>
          <section>
            <h3>Log</h3>
            <ul className="log">
              {file.logs.nodes.map(({ id: entry, stepName, status, message, detail, timestamp }) => (
                <li key={entry}>
                  <time title={timestamp}>{timeOf(timestamp)}</time>
                  <StatusMark status={status?.toUpperCase()} />
                  <p title={detail ?? ""}>
                    <b>{stepName}</b> {message ?? lookOf(status?.toUpperCase()).word}
                  </p>
                </li>
              ))}
            </ul>
          </section>
          <section>
            <dl className="kv">
              <dt>Size</dt>
              <dd>{file.fileSize == null ? "–" : `${figure(file.fileSize)} bytes`}</dd>
              <dt>Type</dt>
              <dd>{file.mimeType ?? "–"}</dd>
              <dt>Hash</dt>
              <dd className="mono wrap">{file.filehash}</dd>
            </dl>
          </section>
        </>
      )}
    </Peek>
  );
}
