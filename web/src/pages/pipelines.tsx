import { Link } from "wouter";
import { act } from "../act.ts";
import {
  CancelRunDocument,
  PipelineListDocument,
  type PipelineListQuery,
  PipelinePageDocument,
  RetryRunDocument,
  TriggerRunDocument,
} from "../gql/graphql.ts";
import { Chip, Empty, Problem, RunStrip, Skeleton, StatusMark, When } from "../parts/basics.tsx";
import { More, Search, useFilters } from "../parts/list.tsx";
import { useQuery } from "../query.ts";
import { weir } from "../weir.ts";
import { duration, figure, lookOf } from "../words.ts";

type Pipeline = PipelineListQuery["pipelines"]["nodes"][number];

const STATES = [
  { state: "", name: "All", filter: {} },
  { state: "FAILED", name: "Last run failed", filter: { lastRunStatus: ["FAILED" as const] } },
  { state: "OVERDUE", name: "Overdue", filter: { isOverdue: true } },
  { state: "INACTIVE", name: "Inactive", filter: { isActive: false } },
] as const;

export const runHref = (table: string, id: string) => `/pipelines/${encodeURIComponent(table)}/runs/${id}`;

function every({ sourceToDl, dlToSink }: Pick<Pipeline, "sourceToDl" | "dlToSink">): string {
  const schedules = [sourceToDl, dlToSink].flatMap(({ isActive, schedule }) =>
    isActive && schedule != null ? [schedule] : [],
  );
  return schedules.length === 0 ? "by hand" : `${Math.min(...schedules)} min`;
}

function RunAction({ pipeline }: { pipeline: Pick<Pipeline, "sourceTablename" | "latestRun"> }) {
  const { sourceTablename: table, latestRun } = pipeline;
  const status = latestRun?.status;
  if (latestRun != null && status === "FAILED") {
    return (
      <button
        type="button"
        className="btn"
        title="A new run that goes on at the stage that failed"
        onClick={() =>
          void act(async () => {
            const { retryRun } = await weir.mutate(RetryRunDocument, { id: latestRun.id });
            return { text: `Run ${latestRun.id} is retried as run ${retryRun.id}.`, href: runHref(table, retryRun.id) };
          })
        }
      >
        Retry
      </button>
    );
  }
  if (latestRun != null && (status === "RUNNING" || status === "PENDING")) {
    return (
      <button
        type="button"
        className="btn q"
        onClick={() => {
          if (!confirm(`Cancel run ${latestRun.id} of ${table}? Its driver learns it at its next heartbeat.`)) return;
          void act(async () => {
            await weir.mutate(CancelRunDocument, { id: latestRun.id });
            return { text: `Run ${latestRun.id} is cancelled.` };
          });
        }}
      >
        Cancel
      </button>
    );
  }
  return (
    <button
      type="button"
      className="btn q"
      onClick={() =>
        void act(async () => {
          const { triggerRun } = await weir.mutate(TriggerRunDocument, { table });
          return { text: `Run ${triggerRun.id} of ${table} waits for a driver.`, href: runHref(table, triggerRun.id) };
        })
      }
    >
      Run
    </button>
  );
}

function Row({ pipeline, mayAct }: { pipeline: Pipeline; mayAct: boolean }) {
  const { sourceTablename, sinkTablename, latestRun, isOverdue, nextRunAt, runs } = pipeline;
  const stage = latestRun?.stages.find(({ stageOrder }) => stageOrder === latestRun.currentStage)?.stageName;
  const watermark = pipeline.sourceToDl.lastIncrementalValue;
  return (
    <tr className="tall">
      <td>
        <div className="flex">
          <StatusMark status={latestRun?.status} />
          <div className="col ell">
            <Link data-row href={`/pipelines/${encodeURIComponent(sourceTablename)}`} className="b">
              {sourceTablename}
            </Link>{" "}
            <span className="dim">→ {sinkTablename ?? sourceTablename}</span>
            {latestRun?.status === "FAILED" && latestRun.errorMessage != null ? (
              <span className="why ell" title={latestRun.errorMessage}>
                {stage === undefined ? "" : `${stage}: `}
                {latestRun.errorMessage}
              </span>
            ) : null}
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
          runs={runs.nodes.map(({ id, status, durationSeconds, errorMessage }) => ({
            id,
            status,
            durationSeconds,
            title: `run ${id}, ${lookOf(status).word} ${duration(durationSeconds)} ${errorMessage ?? ""}`,
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
        {nextRunAt == null ? (
          <span className="dim">–</span>
        ) : isOverdue ? (
          "overdue"
        ) : (
          new Date(nextRunAt).toLocaleTimeString()
        )}
      </td>
      <td className="num p3">{figure(latestRun?.rowsProcessed)}</td>
      <td className="num">{mayAct ? <RunAction pipeline={pipeline} /> : null}</td>
    </tr>
  );
}

export function Pipelines({ mayAct }: { mayAct: boolean }) {
  const { value, set } = useFilters();
  const state = STATES.find((candidate) => candidate.state === value("state")) ?? STATES[0];
  const search = value("q");
  const after = value("after");
  const filter = { ...state.filter, ...(search === "" ? {} : { search }) };
  const list = useQuery(PipelineListDocument, { filter, after: after === "" ? null : after }, [
    "PIPELINE",
    "RUN",
    "RUN_STAGE",
  ]);
  const page = list.data?.pipelines;
  return (
    <>
      <h1 className="vh">Pipelines</h1>
      <div className="bar">
        <div className="chips">
          {STATES.map(({ state: one, name }) => (
            <Chip key={name} isOn={one === state.state} onPick={() => set({ state: one, after: "" })}>
              {name} {one === state.state ? <b>{page?.totalCount ?? "more than 10,000"}</b> : null}
            </Chip>
          ))}
        </div>
        <Search value={search} onChange={(q) => set({ q, after: "" })} label="Table" />
      </div>
      {list.error === null ? null : <Problem error={list.error} retry={list.reload} />}
      <section className="card">
        {page === undefined ? (
          list.error === null ? (
            <Skeleton />
          ) : null
        ) : page.nodes.length === 0 ? (
          <Empty
            title={
              search === "" && state.state === ""
                ? "There are no pipelines yet. Create one by createPipeline."
                : "No pipeline is like that."
            }
          />
        ) : (
          <div className="tw">
            <table className="tbl pp">
              <thead>
                <tr>
                  <th>Table</th>
                  <th className="p2">Every</th>
                  <th className="p3">Watermark</th>
                  <th className="p2">Last 24 runs · height is duration</th>
                  <th>Ended</th>
                  <th className="p2">Next</th>
                  <th className="num p3">Rows</th>
                  <th aria-label="Actions" />
                </tr>
              </thead>
              <tbody>
                {page.nodes.map((pipeline) => (
                  <Row key={pipeline.sourceTablename} pipeline={pipeline} mayAct={mayAct} />
                ))}
              </tbody>
            </table>
          </div>
        )}
        <More page={page?.pageInfo} after={after} onGo={(next) => set({ after: next })} />
      </section>
    </>
  );
}

export function PipelinePage({ table, mayAct }: { table: string; mayAct: boolean }) {
  const query = useQuery(PipelinePageDocument, { table }, ["PIPELINE", "RUN"]);
  if (query.error !== null) return <Problem error={query.error} retry={query.reload} />;
  if (query.data === null) return <Skeleton />;
  const { pipeline } = query.data;
  if (pipeline == null) return <Empty title={`There is no pipeline ${table}.`} />;
  const [latest] = pipeline.runs.nodes;
  const legs = [
    { name: `${pipeline.sourceType} → data lake`, leg: pipeline.sourceToDl },
    { name: `data lake → ${pipeline.sinkType}`, leg: pipeline.dlToSink },
  ];
  return (
    <>
      <div className="bar">
        <h1 className="rt">{pipeline.sourceTablename}</h1>
        <span className="dim">→ {pipeline.sinkTablename ?? pipeline.sourceTablename}</span>
        <span className="r">
          {mayAct ? (
            <RunAction
              pipeline={{
                sourceTablename: table,
                latestRun: latest === undefined ? null : { ...latest, currentStage: 0, stages: [] },
              }}
            />
          ) : null}
        </span>
      </div>
      <section className="card stats">
        {legs.map(({ name, leg }) => (
          <div key={name}>
            <small>{name}</small>
            <b>
              {leg.isActive ? (leg.schedule == null ? "by hand" : `every ${leg.schedule} min`) : "inactive"}{" "}
              <i>
                {leg.loadType.toLowerCase()} {leg.incrementalKey ?? ""} {leg.lastIncrementalValue ?? ""}
              </i>
            </b>
          </div>
        ))}
        <div>
          <small>next</small>
          <b>
            {pipeline.nextRunAt == null ? "–" : new Date(pipeline.nextRunAt).toLocaleTimeString()}{" "}
            <i>{pipeline.isOverdue ? "overdue" : ""}</i>
          </b>
        </div>
      </section>
      <section className="card">
        <div className="tw">
          <table className="tbl">
            <thead>
              <tr>
                <th>Run</th>
                <th>Asked for</th>
                <th>By</th>
                <th className="num">Took</th>
                <th className="num">Rows</th>
                <th className="p2">Why</th>
              </tr>
            </thead>
            <tbody>
              {pipeline.runs.nodes.map((run) => (
                <tr key={run.id}>
                  <td>
                    <div className="flex">
                      <StatusMark status={run.status} />
                      <Link data-row href={runHref(table, run.id)} className="b">
                        {run.id}
                      </Link>
                    </div>
                  </td>
                  <td>
                    <When at={run.createdAt} />
                  </td>
                  <td>{run.triggeredBy.toLowerCase()}</td>
                  <td className="num">{duration(run.durationSeconds)}</td>
                  <td className="num">{figure(run.rowsProcessed)}</td>
                  <td className="p2 ell failed" title={run.errorMessage ?? ""}>
                    {run.errorMessage}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}
