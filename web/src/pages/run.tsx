import { Link } from "wouter";
import { act } from "../act.ts";
import { CancelRunDocument, RetryRunDocument, RunPageDocument, type RunPageQuery } from "../gql/graphql.ts";
import { Empty, Mark, Problem, Skeleton, StatusMark, useNow, When } from "../parts/basics.tsx";
import { useQuery } from "../query.ts";
import { weir } from "../weir.ts";
import { duration, figure, lookOf } from "../words.ts";
import { runHref } from "./pipelines.tsx";

type Run = NonNullable<RunPageQuery["run"]>;

/** What the run does, or why it does not. */
function sentenceOf(run: Run, now: number): { readonly tone: string; readonly text: string; readonly more: string } {
  const at =
    run.stages.find(({ log }) => log?.status === "RUNNING") ??
    run.stages.find(({ stageOrder }) => stageOrder === run.currentStage);
  const next = run.stages.find(({ log, stageOrder }) => log == null && stageOrder > run.currentStage);
  switch (run.status) {
    case "PENDING":
      return {
        tone: "w",
        text: `Waits for a driver of ${next?.driverContainer ?? "its first stage"}`,
        more: `asked for ${duration((now - Date.parse(run.createdAt)) / 1_000)} ago`,
      };
    case "RUNNING": {
      const log = at?.log;
      if (log?.status !== "RUNNING")
        return {
          tone: "w",
          text: `Waits for a driver of ${next?.driverContainer ?? "the next stage"}`,
          more: `${at?.stageName ?? ""} is done`,
        };
      return {
        tone: "mv",
        text: `${at?.stageName ?? ""} for ${duration((now - Date.parse(log.startedAt)) / 1_000)}`,
        more: log.worker == null ? "" : `on ${log.worker}`,
      };
    }
    case "FAILED":
      return {
        tone: "",
        text: run.errorMessage ?? "It failed, and nobody said why",
        more: `at ${at?.stageName ?? "its start"}. A retry goes on there; the stages before are not repeated.`,
      };
    case "SUCCESS":
      return {
        tone: "ok",
        text: `Done in ${duration(run.durationSeconds)}`,
        more: `${figure(run.rowsProcessed)} rows`,
      };
    default:
      return { tone: "w", text: run.statusText, more: run.errorMessage ?? "" };
  }
}

function Gantt({ run }: { run: Run }) {
  const now = useNow();
  const logs = run.stages.flatMap(({ log }) => (log == null ? [] : [log]));
  const start = Math.min(...logs.map(({ startedAt }) => Date.parse(startedAt)), now);
  const end = Math.max(
    ...logs.map(({ completedAt }) => (completedAt == null ? now : Date.parse(completedAt))),
    start + 1_000,
  );
  const percent = (instant: number) => `${(100 * (instant - start)) / (end - start)}%`;
  return (
    <section className="card gantt" aria-label="Stages">
      <div className="gh">Stage</div>
      <div className="gh axis" />
      <div className="gh">Took</div>
      <div className="gh">Rows</div>
      {run.stages.map(({ stageOrder, stageName, driverContainer, log }) => {
        const { tone, word } = lookOf(log?.status);
        const from = log == null ? 0 : Date.parse(log.startedAt);
        const to = log?.completedAt == null ? now : Date.parse(log.completedAt);
        const bar = tone === "failed" ? "bad" : tone === "done" ? "ok" : tone === "moving" ? "mv" : "past";
        return [
          <div key={`${stageOrder} name`} className="nm">
            <StatusMark status={log?.status} />
            <div className="ell">
              <b className="ell">{stageName}</b>
              <small className="ell">{log?.worker ?? driverContainer}</small>
            </div>
          </div>,
          <div key={`${stageOrder} bar`} className="tr">
            {log == null ? null : (
              <div
                className={`gb ${bar}`}
                title={`${word} ${log.errorMessage ?? ""}`}
                style={{ left: percent(from), width: `max(4px, ${(100 * (to - from)) / (end - start)}%)` }}
              >
                {log.errorMessage ?? ""}
              </div>
            )}
          </div>,
          <div key={`${stageOrder} took`} className="v">
            {log == null ? "" : duration((to - from) / 1_000)}
          </div>,
          <div key={`${stageOrder} rows`} className="v o">
            {log?.rowsProcessed == null ? "" : figure(log.rowsProcessed)}
          </div>,
        ];
      })}
    </section>
  );
}

export function RunPage({ id, mayAct }: { id: string; mayAct: boolean }) {
  const now = useNow();
  const query = useQuery(RunPageDocument, { id }, ["RUN", "RUN_STAGE"]);
  if (query.error !== null) return <Problem error={query.error} retry={query.reload} />;
  if (query.data === null) return <Skeleton />;
  const { run } = query.data;
  if (run == null) return <Empty title={`There is no run ${id}.`} />;
  const { tone, text, more } = sentenceOf(run, now);
  const { mark, tone: markTone, word } = lookOf(run.status);
  const isOpen = run.status === "PENDING" || run.status === "RUNNING";
  return (
    <>
      <div className="bar">
        <h1 className="rt">
          <Link href={`/pipelines/${encodeURIComponent(run.sourceTablename)}`}>{run.sourceTablename}</Link>, run{" "}
          {run.id}
        </h1>
        <span className="dim">
          {run.triggeredBy.toLowerCase()} <When at={run.createdAt} />
          {run.retryOf == null ? null : (
            <>
              , retry of <Link href={runHref(run.sourceTablename, run.retryOf.id)}>{run.retryOf.id}</Link>
            </>
          )}
        </span>
        <span className="r">
          {mayAct && (run.status === "FAILED" || run.status === "CANCELLED") ? (
            <button
              type="button"
              className="btn p"
              onClick={() =>
                void act(async () => {
                  const { retryRun } = await weir.mutate(RetryRunDocument, { id });
                  return {
                    text: `It is retried as run ${retryRun.id}.`,
                    href: runHref(run.sourceTablename, retryRun.id),
                  };
                })
              }
            >
              Retry
            </button>
          ) : null}
          {mayAct && isOpen ? (
            <button
              type="button"
              className="btn"
              onClick={() => {
                if (!confirm(`Cancel run ${id} of ${run.sourceTablename}? Its driver learns it at its next heartbeat.`))
                  return;
                void act(async () => {
                  await weir.mutate(CancelRunDocument, { id });
                  return { text: `Run ${id} is cancelled.` };
                });
              }}
            >
              Cancel
            </button>
          ) : null}
        </span>
      </div>
      <div className={`because ${tone}`} style={{ marginBottom: 20 }}>
        <Mark name={mark} tone={markTone} word={word} size={16} />
        <div>
          <b>{text}</b>
          <p>{more}</p>
        </div>
      </div>
      <Gantt run={run} />
    </>
  );
}
