import { Link, useParams } from "wouter";
import { timeOf, useNow } from "../clock.ts";
import {
  ReportFiguresDocument,
  type ReportFiguresQuery,
  ReportListDocument,
  type ReportListQuery,
  type SeederJobFilter,
} from "../gql/graphql.ts";
import { usePages } from "../pages.ts";
import { Chip, Mark, RunStrip, StatusMark, When } from "../parts/basics.tsx";
import { Filter, List, Nothing, Order, useFilters, useKeptFilters } from "../parts/list.tsx";
import { Split } from "../parts/peek.tsx";
import { ReportPeek } from "../parts/report-peek.tsx";
import { useQuery } from "../query.ts";
import { RefreshAction, RefreshAll } from "../report-actions.tsx";
import { duration, figure, lookOf } from "../words.ts";

const TOPICS = ["SEEDER_JOB", "SEEDER_RUN"];
const STATES: readonly { readonly state: string; readonly name: string; readonly filter: SeederJobFilter }[] = [
  { state: "", name: "All", filter: {} },
  { state: "FAILING", name: "Failing", filter: { isFailing: true } },
  { state: "LONG", name: "Take long", filter: { isLongRunning: true } },
  { state: "RUNNING", name: "Refreshing", filter: { status: ["RUNNING"] } },
];
const ORDERS = [
  { value: "MOST_FAILURES_FIRST", name: "most failures first" },
  { value: "RECENTLY_UPDATED_FIRST", name: "last change first" },
  { value: "LONGEST_FIRST", name: "longest first" },
  { value: "TABLE_NAME", name: "by name" },
] as const;

type Job = ReportListQuery["seederJobs"]["nodes"][number];

function Next({ at, coolingUntil }: { at: string | null | undefined; coolingUntil: string | null | undefined }) {
  const now = useNow();
  if (coolingUntil != null) {
    return (
      <span className="watch" title="left alone after failures in a row">
        cools until {timeOf(coolingUntil)}
      </span>
    );
  }
  if (at == null) return <span className="dim">by hand</span>;
  const seconds = (Date.parse(at) - now) / 1_000;
  return <span title={timeOf(at)}>{seconds < 1 ? "due" : `in ${duration(Math.round(seconds))}`}</span>;
}

function cells(job: Job, href: string) {
  const isUrgent = job.isFailing;
  return (
    <>
      <td>
        <div className="flex">
          {job.coolingUntil == null ? (
            <StatusMark status={job.status} />
          ) : (
            <Mark name="cooling" tone="failed" word="failing, left alone" />
          )}
          <div className="col ell">
            <Link data-row data-needs={isUrgent ? "" : undefined} className="b" href={href}>
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
      <td className="p2" title="what readers see is of then">
        <When at={job.lastSuccessAt} />
      </td>
      <td>
        <Next at={job.nextRefreshAt} coolingUntil={job.coolingUntil} />
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
      <td
        className="num p3"
        title={job.usualDurationSeconds == null ? "" : `usually ${duration(job.usualDurationSeconds)}`}
      >
        {duration(job.durationSeconds)}
      </td>
      <td className="num p3">{figure(job.recordsProcessed)}</td>
      <td className="num">
        <RefreshAction table={job.tableName} status={job.status} coolingUntil={job.coolingUntil} />
      </td>
    </>
  );
}

/** Reports that have a manifest and no run. */
function NeverRan({ reports }: { reports: ReportFiguresQuery["neverRan"] }) {
  if (reports == null || reports.nodes.length === 0) return null;
  return (
    <section className="card pad after">
      <div className="h">
        <h2>Never ran</h2>
        <span className="dim">{figure(reports.totalCount)}</span>
      </div>
      <ul className="rows">
        {reports.nodes.map(({ tableName, reportName, agencySlug, enabled, nextRefreshAt }) => (
          <li key={tableName}>
            <StatusMark status={null} />
            <span className="ell">
              <b>{reportName}</b>{" "}
              <span className="dim">
                {tableName} · {agencySlug}
              </span>
            </span>
            {enabled ? <Next at={nextRefreshAt} coolingUntil={null} /> : <span className="dim">disabled</span>}
            {enabled ? <RefreshAction table={tableName} status={null} /> : null}
          </li>
        ))}
      </ul>
    </section>
  );
}

function ReportList({ selected }: { selected: string | undefined }) {
  const { value, set } = useFilters();
  const state = STATES.find((candidate) => candidate.state === value("state")) ?? STATES[0];
  const search = value("q");
  const agency = value("agency");
  const orderBy = ORDERS.find((order) => order.value === value("sort"))?.value ?? "MOST_FAILURES_FIRST";
  const filter = {
    ...state?.filter,
    ...(search === "" ? {} : { search }),
    ...(agency === "" ? {} : { agencySlug: agency }),
  };
  const pages = usePages(
    ReportListDocument,
    ({ seederJobs }) => seederJobs,
    ({ tableName }) => tableName,
    { filter, orderBy },
    TOPICS,
  );
  const figures = useQuery(ReportFiguresDocument, {}, TOPICS).data;
  const filters = useKeptFilters();
  const agencies = [
    { value: "", name: "all agencies" },
    ...(figures?.agencies ?? []).map(({ agencySlug }) => ({ value: agencySlug, name: agencySlug })),
  ];
  return (
    <>
      <div className="bar">
        <div className="chips">
          {STATES.map(({ state: one, name }) => (
            <Chip key={name} isOn={one === state?.state} onPick={() => set({ state: one })}>
              {name} {one === state?.state && pages.rows !== null ? <b>{figure(pages.totalCount)}</b> : null}
            </Chip>
          ))}
        </div>
        <Order value={agency} options={agencies} label="Agency" onChange={(one) => set({ agency: one })} />
        <Order
          value={orderBy}
          options={ORDERS}
          onChange={(sort) => set({ sort: sort === "MOST_FAILURES_FIRST" ? "" : sort })}
        />
        <Filter value={search} onChange={(q) => set({ q })} label="Report" />
        <RefreshAll />
      </div>
      <List
        pages={pages}
        keyOf={({ tableName }) => tableName}
        rowHeight={48}
        className="rp tallr"
        columns={9}
        noun="report"
        selected={selected}
        renderRow={(job) => cells(job, `/reports/${encodeURIComponent(job.tableName)}${filters}`)}
        empty={
          <Nothing isFiltered={search !== "" || agency !== "" || state?.state !== ""} none="No report has run yet." />
        }
        head={
          <thead>
            <tr>
              <th>Report</th>
              <th className="p2">Agency</th>
              <th className="num">In a row</th>
              <th className="p2">Rows of</th>
              <th>Next</th>
              <th className="p2">Last 12 runs</th>
              <th className="num p3">Took</th>
              <th className="num p3">Rows</th>
              <th aria-label="Actions" />
            </tr>
          </thead>
        }
      />
      {state?.state === "" && search === "" && agency === "" ? <NeverRan reports={figures?.neverRan ?? null} /> : null}
    </>
  );
}

export function Reports() {
  const { table } = useParams<{ table?: string }>();
  const back = `/reports${useKeptFilters()}`;
  return (
    <>
      <h1 className="vh">Reports</h1>
      <Split
        list={<ReportList selected={table} />}
        peek={table === undefined ? null : <ReportPeek table={table} back={back} />}
      />
    </>
  );
}
