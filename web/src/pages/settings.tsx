import { Link } from "wouter";
import { ConnectionsDocument, StageTemplatesDocument } from "../gql/graphql.ts";
import { Empty, Mark, Problem, Skeleton, When } from "../parts/basics.tsx";
import { hrefOf } from "../places.ts";
import { useQuery } from "../query.ts";

/** The stages that runs go through, and who works on them. */
export function Stages() {
  const query = useQuery(StageTemplatesDocument, {}, ["RUN_STAGE", "RUN"]);
  if (query.data === null)
    return query.error === null ? <Skeleton /> : <Problem error={query.error} retry={query.reload} />;
  const { pipelineStages, drivers } = query.data;
  return (
    <>
      <h1 className="rt">Stages</h1>
      <p className="mid lead">Each run goes through them in this order. A driver claims those of its container.</p>
      <section className="card">
        {pipelineStages.length === 0 ? <Empty title="There are no stages yet. Set them by setPipelineStages." /> : null}
        <div className="tw">
          <table className="tbl">
            <thead>
              <tr>
                <th>Stage</th>
                <th>Type</th>
                <th>Drivers, and what they hold</th>
                <th className="num">Waiting</th>
              </tr>
            </thead>
            <tbody>
              {pipelineStages.map((stage) => {
                const own = (drivers ?? []).filter(({ driverContainer }) => driverContainer === stage.driverContainer);
                const waiting = own.reduce((sum, driver) => sum + (driver.waiting ?? 0), 0);
                return (
                  <tr key={stage.stageOrder} className="tall">
                    <td className="b">
                      {stage.stageOrder} · {stage.stageName}
                    </td>
                    <td className="mid">{stage.stageType}</td>
                    <td>
                      <b>{stage.driverContainer}</b>{" "}
                      {own.every(({ worker }) => worker == null) ? (
                        <span className="watch">nobody has asked for it</span>
                      ) : (
                        own.map(({ worker, lastSeenAt, holds }) =>
                          worker == null ? null : (
                            <span key={worker} className="dim">
                              {worker}, seen <When at={lastSeenAt} />
                              {holds.map(({ runId, run }) => (
                                <Link key={runId} className="l" href={hrefOf("RUN", runId, run?.sourceTablename)}>
                                  {" "}
                                  run {runId}
                                </Link>
                              ))}{" "}
                            </span>
                          ),
                        )
                      )}
                    </td>
                    <td className={`num ${waiting > 0 ? "watch b" : "dim"}`}>{waiting}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}

/** Where rows come from and go to. Their secrets are shown nowhere. */
export function Connections() {
  const query = useQuery(ConnectionsDocument, {}, ["PIPELINE"]);
  if (query.data === null)
    return query.error === null ? <Skeleton /> : <Problem error={query.error} retry={query.reload} />;
  const rows = [
    ...query.data.sources.map((one) => ({
      name: one.sourceName,
      type: one.sourceType,
      at: one.createdAt,
      kind: "source",
    })),
    ...query.data.destinations.map((one) => ({
      name: one.destinationName,
      type: one.destinationType,
      at: one.createdAt,
      kind: "destination",
    })),
  ];
  return (
    <>
      <h1 className="rt">Connections</h1>
      <p className="mid lead">Credentials go to the drivers that claim a stage, and to nobody else.</p>
      <section className="card">
        {rows.length === 0 ? (
          <Empty title="There are none yet. Make them by createSource and createDestination." />
        ) : null}
        <div className="tw">
          <table className="tbl">
            <thead>
              <tr>
                <th>Name</th>
                <th>Kind</th>
                <th>Type</th>
                <th className="num">Since</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ name, type, at, kind }) => (
                <tr key={`${kind} ${name}`}>
                  <td>
                    <div className="flex">
                      <Mark name={kind === "source" ? "waiting" : "done"} tone="idle" word="" /> <b>{name}</b>
                    </div>
                  </td>
                  <td>{kind}</td>
                  <td>{type}</td>
                  <td className="num">
                    <When at={at} />
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
