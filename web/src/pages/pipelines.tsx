import { Link } from "wouter";
import { timeOf, useNow } from "../clock.ts";
import {
  PipelineDayDocument,
  type PipelineFilter,
  PipelineListDocument,
  type PipelineListQuery,
  type PipelineOrder,
  PipelineStripsDocument,
  type PipelineStripsQuery,
} from "../gql/graphql.ts";
import { usePages } from "../pages.ts";
import { Chip, Mark, RunStrip, StatusMark, When } from "../parts/basics.tsx";
import { Filter, List, Nothing, Order, useFilters } from "../parts/list.tsx";
import { Sparkline } from "../parts/sparkline.tsx";
import { useQuery } from "../query.ts";
import { RunAction } from "../run-actions.tsx";
import { duration, figure, lookOf } from "../words.ts";

type Pipeline = PipelineListQuery["pipelines"]["nodes"][number];
type Run = NonNullable<PipelineStripsQuery["runsPerPipeline"]>[number]["runs"][number];

const STATES: readonly { readonly state: string; readonly name: string; readonly filter: PipelineFilter }[] = [
  { state: "", name: "All", filter: {} },
  { state: "FAILED", name: "Failed", filter: { latestRunStatus: ["FAILED"] } },
  { state: "OVERDUE", name: "Overdue", filter: { isOverdue: true } },
  { state: "RUNNING", name: "In work", filter: { latestRunStatus: ["PENDING", "RUNNING"] } },
  { state: "SUCCESS", name: "Flowing", filter: { latestRunStatus: ["SUCCESS"] } },
  { state: "INACTIVE", name: "Inactive", filter: { isActive: false } },
];
const ORDERS = [
  { value: "NAME", name: "by name" },
  { value: "LAST_RUN_FIRST", name: "last run first" },
  { value: "NEXT_RUN_FIRST", name: "next run first" },
] as const;
/** Tables whose strips are asked for at once. */
const MOST_STRIPS = 100;
const TOPICS = ["PIPELINE", "RUN", "RUN_STAGE"];

export function every({ sourceToDl, dlToSink }: Pick<Pipeline, "sourceToDl" | "dlToSink">): string {
  const schedules = [sourceToDl, dlToSink].flatMap(({ isActive, schedule }) =>
    isActive && schedule != null ? [schedule] : [],
  );
  return schedules.length === 0 ? "by hand" : `${Math.min(...schedules)} min`;
}

function reasonOf({ latestRun, isOverdue }: Pipeline): { readonly text: string; readonly tone: string } | null {
  if (latestRun?.status === "FAILED" && latestRun.errorMessage != null) {
    const stage = latestRun.stages.find(({ stageOrder }) => stageOrder === latestRun.currentStage)?.stageName;
    return { text: `${stage === undefined ? "" : `${stage}: `}${latestRun.errorMessage}`, tone: "" };
  }
  if (latestRun?.waitingFor != null)
    return { text: `waits for a driver of ${latestRun.waitingFor.driverContainer}`, tone: isOverdue ? "w" : "n" };
  if (latestRun?.isLongRunning === true) return { text: "takes longer than it should", tone: "w" };
  return null;
}

function cells(pipeline: Pipeline, runs: readonly Run[]) {
  const { sourceTablename, sinkTablename, latestRun, isOverdue, nextRunAt, summary24h } = pipeline;
  const watermark = pipeline.sourceToDl.lastIncrementalValue;
  const reason = reasonOf(pipeline);
  const isUrgent = latestRun?.status === "FAILED";
  return (
    <>
      <td>
        <div className="flex">
          {isOverdue && !isUrgent ? (
            <Mark name="late" tone="watch" word="overdue" />
          ) : (
            <StatusMark status={latestRun?.status} />
          )}
          <div className="col ell">
            <Link
              data-row
              data-needs={isUrgent ? "" : undefined}
              href={`/pipelines/${encodeURIComponent(sourceTablename)}`}
              className="b"
            >
              {sourceTablename}
            </Link>{" "}
            <span className="dim">→ {sinkTablename ?? sourceTablename}</span>
            {reason === null ? null : (
              <span className={`why ell ${reason.tone}`} title={reason.text}>
                {reason.text}
              </span>
            )}
          </div>
        </div>
      </td>
      <td className="p2">{every(pipeline)}</td>
      <td className="p3 ell">
        {watermark == null ? (
          <span className="dim">full load</span>
        ) : (
          `${pipeline.sourceToDl.incrementalKey ?? ""} ${watermark}`
        )}
      </td>
      <td className="p2">
        <RunStrip
          runs={runs.map(({ id, status, durationSeconds, errorMessage }) => ({
            id,
            status,
            durationSeconds,
            title: `run ${id}, ${lookOf(status).word} ${duration(durationSeconds)} ${errorMessage ?? ""}`,
            href: `/pipelines/${encodeURIComponent(sourceTablename)}/runs/${id}`,
          }))}
        />
      </td>
      <td>
        {latestRun == null ? (
          <span className="dim">never ran</span>
        ) : latestRun.completedAt == null ? (
          <span className="moving">now</span>
        ) : (
          <When at={latestRun.completedAt} />
        )}
      </td>
      <td className={`p2 ${isOverdue ? "watch b" : ""}`}>
        {nextRunAt == null ? <span className="dim">–</span> : isOverdue ? "overdue" : timeOf(nextRunAt)}
      </td>
      <td className="num p3" title={`usually ${duration(summary24h.medianDurationSeconds)} in 24 h`}>
        {figure(summary24h.rowsProcessed)}
      </td>
      <td className="num">
        <RunAction table={sourceTablename} run={latestRun} />
      </td>
    </>
  );
}

const HOUR = 3_600_000;

/** Figures of a day, and runs an hour. */
function Day() {
  const hour = Math.floor(useNow() / HOUR) * HOUR;
  const { data } = useQuery(PipelineDayDocument, { from: new Date(hour - 23 * HOUR).toISOString() }, ["RUN"]);
  if (data === null) return null;
  const { byStatus, rowsProcessed, buckets } = data.runSummary;
  const of = (status: string) => byStatus.find((entry) => entry.status === status)?.count ?? 0;
  return (
    <dl className="card stats">
      {[
        { name: "done in 24 h", mark: "done", value: figure(of("SUCCESS")) },
        { name: "failed in 24 h", mark: "failed", value: figure(of("FAILED")) },
        { name: "rows in 24 h", mark: "moving", value: figure(rowsProcessed) },
      ].map(({ name, mark, value }) => (
        <div key={name}>
          <dt>
            <Mark name={mark} tone={mark} word="" /> {name}
          </dt>
          <dd>
            <b>{value}</b>
          </dd>
        </div>
      ))}
      <div className="wide p2">
        <dt>runs an hour</dt>
        <dd>
          <Sparkline
            unit="runs"
            columns={buckets.map(({ start, success, failed }) => ({ start, done: success, failed }))}
          />
        </dd>
      </div>
    </dl>
  );
}

export function Pipelines() {
  const { value, set } = useFilters();
  const state = STATES.find((candidate) => candidate.state === value("state")) ?? STATES[0];
  const search = value("q");
  const orderBy: PipelineOrder = ORDERS.find((order) => order.value === value("sort"))?.value ?? "NAME";
  const filter = { ...state?.filter, ...(search === "" ? {} : { search }) };
  const pages = usePages(
    PipelineListDocument,
    ({ pipelines }) => pipelines,
    ({ sourceTablename }) => sourceTablename,
    { filter, orderBy },
    TOPICS,
  );
  const tables = (pages.rows ?? []).map(({ sourceTablename }) => sourceTablename);
  const strips = useStrips(tables);
  return (
    <>
      <h1 className="vh">Pipelines</h1>
      <Day />
      <div className="bar">
        <div className="chips">
          {STATES.map(({ state: one, name }) => (
            <Chip key={name} isOn={one === state?.state} onPick={() => set({ state: one })}>
              {name}{" "}
              {one === state?.state && pages.rows !== null ? <b>{pages.totalCount ?? "more than 10,000"}</b> : null}
            </Chip>
          ))}
        </div>
        <Order value={orderBy} options={ORDERS} onChange={(sort) => set({ sort: sort === "NAME" ? "" : sort })} />
        <Filter value={search} onChange={(q) => set({ q })} label="Table" />
        <nav className="links" aria-label="More of pipelines">
          <Link href="/runs">All runs</Link>
          <Link href="/pipelines/-/stages">Stages</Link>
          <Link href="/pipelines/-/connections">Connections</Link>
        </nav>
      </div>
      <List
        pages={pages}
        keyOf={({ sourceTablename }) => sourceTablename}
        rowHeight={48}
        className="pp tallr"
        columns={8}
        noun="pipeline"
        renderRow={(pipeline) => cells(pipeline, strips.get(pipeline.sourceTablename) ?? [])}
        empty={
          <Nothing
            isFiltered={search !== "" || state?.state !== ""}
            none="There are no pipelines yet. Create one by createPipeline."
          />
        }
        head={
          <thead>
            <tr>
              <th>Table</th>
              <th className="p2">Every</th>
              <th className="p3">Watermark</th>
              <th className="p2">Last 24 runs · height is duration</th>
              <th>Ended</th>
              <th className="p2">Next</th>
              <th className="num p3">Rows, 24 h</th>
              <th aria-label="Actions" />
            </tr>
          </thead>
        }
      />
    </>
  );
}

/** The newest runs of the tables that were read last. */
function useStrips(tables: readonly string[]): ReadonlyMap<string, readonly Run[]> {
  const asked = tables.slice(-MOST_STRIPS);
  const first = useQuery(PipelineStripsDocument, { tables: tables.slice(0, MOST_STRIPS) }, ["RUN"]);
  const last = useQuery(PipelineStripsDocument, { tables: tables.length > MOST_STRIPS ? asked : [] }, ["RUN"]);
  const all = [...(last.data?.runsPerPipeline ?? []), ...(first.data?.runsPerPipeline ?? [])];
  return new Map(all.map(({ sourceTablename, runs }) => [sourceTablename, runs]));
}
