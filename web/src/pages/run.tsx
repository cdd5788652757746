import { Link } from "wouter";
import { useNow } from "../clock.ts";
import { DriversDocument, type DriversQuery, RunPageDocument, type RunPageQuery } from "../gql/graphql.ts";
import { Empty, Mark, Problem, RunStrip, Skeleton, When } from "../parts/basics.tsx";
import { Gantt } from "../parts/gantt.tsx";
import { CopyButton } from "../parts/peek.tsx";
import { hrefOf } from "../places.ts";
import { useQuery } from "../query.ts";
import { RunAction } from "../run-actions.tsx";
import { ago, duration, figure, lookOf } from "../words.ts";

type Run = NonNullable<RunPageQuery["run"]>;
type Driver = NonNullable<DriversQuery["drivers"]>[number];

interface Sentence {
  readonly tone: string;
  readonly text: string;
  readonly more: string;
}

/** Why nobody takes it: nobody is there, or those who are hold others. */
function whyWaiting(container: string, drivers: readonly Driver[], now: number): string {
  const own = drivers.filter((driver) => driver.driverContainer === container && driver.worker != null);
  if (own.length === 0) return `Nobody has asked for stages of ${container}: start such a driver.`;
  const last = own.toSorted((a, b) => (b.lastSeenAt ?? "").localeCompare(a.lastSeenAt ?? ""))[0];
  const holds = own.flatMap((driver) => driver.holds.map(({ runId }) => runId));
  const held = holds.length === 0 ? "and holds nothing" : `and holds ${holds.map((id) => `run ${id}`).join(", ")}`;
  return `${last?.worker ?? ""} asked last, ${ago(last?.lastSeenAt, now)}, ${held}.`;
}

function waits(run: Run, drivers: readonly Driver[], now: number): Sentence | null {
  const waiting = run.waitingFor;
  if (waiting == null) return null;
  const stage = run.stages.find(({ stageOrder }) => stageOrder === waiting.stageOrder)?.stageName ?? "";
  return {
    tone: "w",
    text: `Waits for a driver of ${waiting.driverContainer}`,
    more: `for ${stage}, since ${duration((now - Date.parse(waiting.since)) / 1_000)}. ${whyWaiting(waiting.driverContainer, drivers, now)}`,
  };
}

/** What the run does, or why it does not. */
function sentenceOf(run: Run, drivers: readonly Driver[], now: number): Sentence {
  const at =
    run.stages.find(({ log }) => log?.status === "RUNNING") ??
    run.stages.find(({ stageOrder }) => stageOrder === run.currentStage);
  const waiting = waits(run, drivers, now);
  if (waiting !== null) return waiting;
  switch (run.status) {
    case "PENDING":
      return {
        tone: "w",
        text: "Waits for its turn",
        more: `asked for ${duration((now - Date.parse(run.createdAt)) / 1_000)} ago`,
      };
    case "RUNNING": {
      const log = at?.log;
      const lease = log?.leaseExpiresAt;
      const left =
        lease == null ? "" : ` The lease ends in ${duration((Date.parse(lease) - now) / 1_000)} unless it beats.`;
      return {
        tone: "mv",
        text: `Stage ${at?.stageOrder ?? ""} of ${run.totalStages}, ${at?.stageName ?? ""}, for ${duration((now - Date.parse(log?.startedAt ?? run.createdAt)) / 1_000)}${log?.worker == null ? "" : ` on ${log.worker}`}`,
        more: `${run.isLongRunning ? "That is longer than it should." : ""}${left}`,
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

function Figures({ run }: { run: Run }) {
  const now = useNow();
  const began = Date.parse(run.startedAt ?? run.createdAt);
  const took = run.durationSeconds ?? (now - began) / 1_000;
  const key = run.pipeline?.sourceToDl.incrementalKey;
  return (
    <section className="card stats">
      <div>
        <small>asked for by</small>
        <b>
          {run.retryOf == null ? run.triggeredBy.toLowerCase() : "retry"}{" "}
          <i>
            <When at={run.createdAt} />
          </i>
        </b>
      </div>
      <div>
        <small>{run.completedAt == null ? "for" : "took"}</small>
        <b>
          {duration(took)}{" "}
          <i>{run.usualDurationSeconds == null ? "" : `usually ${duration(run.usualDurationSeconds)}`}</i>
        </b>
      </div>
      <div>
        <small>rows</small>
        <b>{figure(run.rowsProcessed)}</b>
      </div>
      <div className="p2">
        <small>watermark {key}</small>
        <b>{run.pipeline?.sourceToDl.lastIncrementalValue ?? "–"}</b>
      </div>
    </section>
  );
}

export function RunPage({ id }: { id: string }) {
  const now = useNow();
  const query = useQuery(RunPageDocument, { id }, ["RUN", "RUN_STAGE"]);
  const drivers = useQuery(DriversDocument, {}, ["RUN_STAGE"]);
  if (query.error !== null) return <Problem error={query.error} retry={query.reload} />;
  if (query.data === null) return <Skeleton />;
  const { run } = query.data;
  if (run == null) return <Empty title={`There is no run ${id}.`} />;
  const { tone, text, more } = sentenceOf(run, drivers.data?.drivers ?? [], now);
  const { mark, tone: markTone, word } = lookOf(run.status);
  const table = run.sourceTablename;
  const runs = run.pipeline?.runs.nodes ?? [];
  const files = [...run.stages, ...(run.retryOf?.stages ?? [])].flatMap(({ log }) => log?.filePaths ?? []);
  return (
    <>
      <div className="bar">
        <h1 className="rt">
          <Link href={hrefOf("PIPELINE", table)}>{table}</Link>, run {run.id}
        </h1>
        <span className="dim">
          {run.retryOf == null ? null : (
            <>
              retry of{" "}
              <Link className="l" href={hrefOf("RUN", run.retryOf.id, table)}>
                {run.retryOf.id}
              </Link>
            </>
          )}
          {run.retriedBy == null ? null : (
            <>
              {" "}
              retried by{" "}
              <Link className="l" href={hrefOf("RUN", run.retriedBy.id, table)}>
                run {run.retriedBy.id}
              </Link>
            </>
          )}
        </span>
        <span className="r flex">
          <CopyButton text={location.href} name="Copy link" />
          <RunAction table={table} run={run} mayTrigger={false} />
        </span>
      </div>
      <div className={`because lead ${tone}`}>
        <Mark name={mark} tone={markTone} word={word} size={16} />
        <div>
          <b>{text}</b>
          <p>{more}</p>
        </div>
      </div>
      <Figures run={run} />
      <Gantt run={run} />
      {runs.length === 0 ? null : (
        <section className="card pad lead after">
          <div className="h">
            <h2>Every run of {table}</h2>
            <span className="dim">the last {runs.length}, height is duration</span>
          </div>
          <RunStrip
            height={40}
            runs={runs.map(({ id: one, status, durationSeconds, errorMessage }) => ({
              id: one,
              status,
              durationSeconds,
              title: `run ${one}, ${lookOf(status).word} ${duration(durationSeconds)} ${errorMessage ?? ""}`,
              href: hrefOf("RUN", one, table),
            }))}
          />
        </section>
      )}
      {files.length === 0 ? null : (
        <section className="card pad">
          <div className="h">
            <h2>Files written</h2>
          </div>
          <ul>
            {[...new Set(files)].map((file) => (
              <li key={file} className="mono ell" title={file}>
                {file}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
