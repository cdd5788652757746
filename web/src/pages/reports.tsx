import { Link } from "wouter";
import { act } from "../act.ts";
import { RefreshReportDocument, ReportListDocument, ReportPageDocument } from "../gql/graphql.ts";
import { Chip, Empty, Mark, Problem, RunStrip, Skeleton, StatusMark, When } from "../parts/basics.tsx";
import { More, Search, useFilters } from "../parts/list.tsx";
import { useQuery } from "../query.ts";
import { weir } from "../weir.ts";
import { duration, figure, lookOf } from "../words.ts";

const TOPICS = ["SEEDER_JOB", "SEEDER_RUN"];
const STATES = [
  { state: "", name: "All", filter: {} },
  { state: "FAILING", name: "Failing", filter: { isFailing: true } },
  { state: "LONG", name: "Take long", filter: { isLongRunning: true } },
  { state: "RUNNING", name: "Refreshing", filter: { status: ["RUNNING" as const] } },
] as const;

function Refresh({ table }: { table: string }) {
  return (
    <button
      type="button"
      className="btn"
      onClick={() =>
        void act(async () => {
          await weir.mutate(RefreshReportDocument, { table });
          return { text: `${table} is queued.`, href: `/reports/${encodeURIComponent(table)}` };
        })
      }
    >
      Refresh now
    </button>
  );
}

export function Reports({ mayAct }: { mayAct: boolean }) {
  const { value, set } = useFilters();
  const state = STATES.find((candidate) => candidate.state === value("state")) ?? STATES[0];
  const search = value("q");
  const after = value("after");
  const filter = { ...state.filter, ...(search === "" ? {} : { search }) };
  const list = useQuery(ReportListDocument, { filter, after: after === "" ? null : after }, TOPICS);
  const page = list.data?.seederJobs;
  return (
    <>
      <h1 className="vh">Reports</h1>
      <div className="bar">
        <div className="chips">
          {STATES.map(({ state: one, name }) => (
            <Chip key={name} isOn={one === state.state} onPick={() => set({ state: one, after: "" })}>
              {name} {one === state.state ? <b>{figure(page?.totalCount)}</b> : null}
            </Chip>
          ))}
        </div>
        <Search value={search} onChange={(q) => set({ q, after: "" })} label="Report" />
      </div>
      {list.error === null ? null : <Problem error={list.error} retry={list.reload} />}
      <section className="card">
        {page === undefined ? (
          list.error === null ? (
            <Skeleton />
          ) : null
        ) : page.nodes.length === 0 ? (
          <Empty title={search === "" && state.state === "" ? "No report has run yet." : "No report is like that."} />
        ) : (
          <div className="tw">
            <table className="tbl rp">
              <thead>
                <tr>
                  <th>Report</th>
                  <th className="p2">Agency</th>
                  <th className="num">In a row</th>
                  <th className="p2">Last 12 runs</th>
                  <th>Began</th>
                  <th className="num p2">Took</th>
                  <th aria-label="Actions" />
                </tr>
              </thead>
              <tbody>
                {page.nodes.map((job) => (
                  <tr key={job.tableName} className="tall">
                    <td>
                      <div className="flex">
                        <StatusMark status={job.status} />
                        <div className="col ell">
                          <Link data-row className="b" href={`/reports/${encodeURIComponent(job.tableName)}`}>
                            {job.reportName}
                          </Link>{" "}
                          <span className="dim">{job.tableName}</span>
                          {job.status === "ERROR" && job.lastErrors != null ? (
                            <span className="why ell" title={job.lastErrors}>
                              {job.lastErrors}
                            </span>
                          ) : null}
                        </div>
                      </div>
                    </td>
                    <td className="p2">{job.agencySlug}</td>
                    <td className={`num ${job.isFailing ? "failed b" : ""}`}>
                      {job.consecutiveFailures === 0 ? "" : figure(job.consecutiveFailures)}
                    </td>
                    <td className="p2">
                      <RunStrip
                        runs={job.runs.nodes.map(({ id, status, durationSeconds }) => ({
                          id,
                          status,
                          durationSeconds,
                          title: `${lookOf(status).word} ${duration(durationSeconds)}`,
                        }))}
                      />
                    </td>
                    <td>
                      <When at={job.startTime} />
                    </td>
                    <td className="num p2">{duration(job.durationSeconds)}</td>
                    <td className="num">{mayAct ? <Refresh table={job.tableName} /> : null}</td>
                  </tr>
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

export function ReportPage({ table, mayAct }: { table: string; mayAct: boolean }) {
  const query = useQuery(ReportPageDocument, { table }, TOPICS);
  if (query.error !== null) return <Problem error={query.error} retry={query.reload} />;
  if (query.data === null) return <Skeleton />;
  const job = query.data.seederJob;
  if (job == null) return <Empty title={`There is no report ${table}.`} />;
  return (
    <>
      <div className="bar">
        <h1 className="rt">{job.reportName}</h1>
        <span className="dim">
          {job.tableName} · {job.agencySlug}
        </span>
        <span className="r">{mayAct ? <Refresh table={table} /> : null}</span>
      </div>
      {job.status === "ERROR" ? (
        <div className="because" style={{ marginBottom: 20 }}>
          <Mark name="failed" tone="failed" word="failed" size={16} />
          <div>
            <b>{job.lastErrors ?? "It failed, and nobody said why"}</b>
            <p>{job.consecutiveFailures} in a row. Readers see the rows of its last success.</p>
          </div>
        </div>
      ) : null}
      <section className="card">
        <div className="tw">
          <table className="tbl">
            <thead>
              <tr>
                <th>Run</th>
                <th>Began</th>
                <th className="num">Took</th>
                <th className="num">Rows</th>
                <th className="p2">Why</th>
              </tr>
            </thead>
            <tbody>
              {job.runs.nodes.map((run) => (
                <tr key={run.id}>
                  <td>
                    <div className="flex">
                      <StatusMark status={run.status} /> {run.id}
                    </div>
                  </td>
                  <td>
                    <When at={run.startTime} />
                  </td>
                  <td className="num">{duration(run.durationSeconds)}</td>
                  <td className="num">{figure(run.recordsProcessed)}</td>
                  <td className="p2 failed ell">{run.errors}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}
