import { Link } from "wouter";
import { timeOf } from "../clock.ts";
import { PipelinePageDocument, type PipelinePageQuery } from "../gql/graphql.ts";
import { Empty, Problem, RunStrip, Skeleton, StatusMark, When } from "../parts/basics.tsx";
import { hrefOf } from "../places.ts";
import { useQuery } from "../query.ts";
import { RunAction } from "../run-actions.tsx";
import { duration, figure, lookOf } from "../words.ts";

type Pipeline = NonNullable<PipelinePageQuery["pipeline"]>;

function Figures({ pipeline }: { pipeline: Pipeline }) {
  const { success, failed, rowsProcessed, medianDurationSeconds } = pipeline.summary24h;
  const legs = [
    { name: `${pipeline.sourceType} → data lake`, leg: pipeline.sourceToDl },
    { name: `data lake → ${pipeline.sinkType}`, leg: pipeline.dlToSink },
  ];
  return (
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
          {pipeline.nextRunAt == null ? "–" : timeOf(pipeline.nextRunAt)}{" "}
          <i className={pipeline.isOverdue ? "watch" : ""}>{pipeline.isOverdue ? "overdue" : ""}</i>
        </b>
      </div>
      <div>
        <small>24 h</small>
        <b>
          {figure(success)} done{" "}
          <i>
            {failed === 0 ? "" : `${figure(failed)} failed, `}
            {figure(rowsProcessed)} rows
            {medianDurationSeconds == null ? "" : `, usually ${duration(medianDurationSeconds)}`}
          </i>
        </b>
      </div>
    </section>
  );
}

/** A table: its legs, its figures, its runs. */
export function PipelinePage({ table }: { table: string }) {
  const query = useQuery(PipelinePageDocument, { table }, ["PIPELINE", "RUN"]);
  if (query.error !== null) return <Problem error={query.error} retry={query.reload} />;
  if (query.data === null) return <Skeleton />;
  const { pipeline } = query.data;
  if (pipeline == null) return <Empty title={`There is no pipeline ${table}.`} />;
  const { nodes } = pipeline.runs;
  return (
    <>
      <div className="bar">
        <h1 className="rt">{pipeline.sourceTablename}</h1>
        <span className="dim">→ {pipeline.sinkTablename ?? pipeline.sourceTablename}</span>
        <span className="r">
          <RunAction table={table} run={nodes[0]} />
        </span>
      </div>
      <Figures pipeline={pipeline} />
      <section className="card pad lead">
        <div className="h">
          <h2>Every run</h2>
          <span className="dim">the last {nodes.length}, height is duration</span>
        </div>
        <RunStrip
          height={40}
          runs={nodes.map(({ id, status, durationSeconds }) => ({
            id,
            status,
            durationSeconds,
            title: `run ${id}, ${lookOf(status).word} ${duration(durationSeconds)}`,
            href: hrefOf("RUN", id, table),
          }))}
        />
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
                <th className="num p2">Rows</th>
                <th className="p2">Why</th>
              </tr>
            </thead>
            <tbody>
              {nodes.map((run) => (
                <tr key={run.id}>
                  <td>
                    <div className="flex">
                      <StatusMark status={run.status} />
                      <Link data-row href={hrefOf("RUN", run.id, table)} className="b">
                        {run.id}
                      </Link>
                    </div>
                  </td>
                  <td>
                    <When at={run.createdAt} />
                  </td>
                  <td>{run.triggeredBy.toLowerCase()}</td>
                  <td className="num">{duration(run.durationSeconds)}</td>
                  <td className="num p2">{figure(run.rowsProcessed)}</td>
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
