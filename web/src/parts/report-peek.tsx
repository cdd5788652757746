import { timeOf } from "../clock.ts";
import { ReportPageDocument } from "../gql/graphql.ts";
import { useQuery } from "../query.ts";
import { RefreshAction } from "../report-actions.tsx";
import { duration, figure, lookOf } from "../words.ts";
import { Empty, Mark, Problem, RunStrip, Skeleton, StatusMark, When } from "./basics.tsx";
import { CopyButton, Peek } from "./peek.tsx";

/** A report: why it fails, its runs, what readers see. */
export function ReportPeek({ table, back }: { table: string; back: string }) {
  const query = useQuery(ReportPageDocument, { table }, ["SEEDER_JOB", "SEEDER_RUN"]);
  const job = query.data?.seederJob;
  return (
    <Peek
      back={back}
      title={job?.reportName ?? table}
      tag={<StatusMark status={job?.status} size={16} />}
      actions={<RefreshAction table={table} status={job?.status ?? null} coolingUntil={job?.coolingUntil} />}
    >
      {query.error === null ? null : <Problem error={query.error} retry={query.reload} />}
      {query.data === null && query.error === null ? <Skeleton /> : null}
      {query.data !== null && job == null ? <Empty title={`There is no report ${table}, or it never ran.`} /> : null}
      {job == null ? null : (
        <>
          {job.status === "ERROR" ? (
            <section>
              <div className="because">
                <Mark name="failed" tone="failed" word="failed" size={16} />
                <div>
                  <b>{job.lastErrors ?? "It failed, and nobody said why"}</b>
                  <p>
                    {job.consecutiveFailures} in a row. Readers see the rows of its last success.
                    {job.coolingUntil == null ? "" : ` Left alone until ${timeOf(job.coolingUntil)}.`}
                  </p>
                </div>
              </div>
            </section>
          ) : null}
          <section>
            <h3>
              <span>The last {job.runs.nodes.length} runs</span>
              <span>{job.usualDurationSeconds == null ? "" : `usually ${duration(job.usualDurationSeconds)}`}</span>
            </h3>
            <RunStrip
              height={36}
              runs={job.runs.nodes.map(({ id, status, durationSeconds }) => ({
                id,
                status,
                durationSeconds,
                title: `${lookOf(status).word} ${duration(durationSeconds)}`,
              }))}
            />
            <ul className="log">
              {job.runs.nodes.slice(0, 12).map((run) => (
                <li key={run.id}>
                  <time title={run.startTime}>{timeOf(run.startTime)}</time>
                  <StatusMark status={run.status} />
                  <p className="ell" title={run.errors ?? ""}>
                    {run.errors ?? `${figure(run.recordsProcessed)} rows`}
                  </p>
                  <span className="d">{duration(run.durationSeconds)}</span>
                </li>
              ))}
            </ul>
          </section>
          <section>
            <dl className="kv">
              <dt>Table</dt>
              <dd className="mono wrap">
                {table} <CopyButton text={table} />
              </dd>
              <dt>Agency</dt>
              <dd>{job.agencySlug}</dd>
              <dt>Every</dt>
              <dd>{job.scheduleMinutes == null ? "by hand" : `${job.scheduleMinutes} min`}</dd>
              <dt>Next</dt>
              <dd>{job.nextRefreshAt == null ? "–" : timeOf(job.nextRefreshAt)}</dd>
              <dt>Readers see</dt>
              <dd>
                {figure(job.recordsProcessed)} rows of <When at={job.lastSuccessAt} />
              </dd>
            </dl>
          </section>
        </>
      )}
    </Peek>
  );
}
