import { Link } from "wouter";
import { type RunFilter, RunListDocument, type RunListQuery } from "../gql/graphql.ts";
import { usePages } from "../pages.ts";
import { Chip, StatusMark, When } from "../parts/basics.tsx";
import { Filter, List, Nothing, useFilters } from "../parts/list.tsx";
import { hrefOf } from "../places.ts";
import { duration, figure } from "../words.ts";

const STATES: readonly { readonly state: string; readonly name: string; readonly filter: RunFilter }[] = [
  { state: "", name: "All runs", filter: {} },
  { state: "PENDING", name: "Waiting", filter: { status: ["PENDING"] } },
  { state: "RUNNING", name: "Running", filter: { status: ["RUNNING"] } },
  { state: "LONG", name: "Take long", filter: { isLongRunning: true } },
  { state: "FAILED", name: "Failed", filter: { status: ["FAILED"] } },
  { state: "SUCCESS", name: "Done", filter: { status: ["SUCCESS"] } },
];

type Row = RunListQuery["runs"]["nodes"][number];

function cells(run: Row) {
  return (
    <>
      <td>
        <div className="flex">
          <StatusMark status={run.status} />
          <Link data-row className="b" href={hrefOf("RUN", run.id, run.sourceTablename)}>
            {run.sourceTablename}, run {run.id}
          </Link>
        </div>
      </td>
      <td>
        <When at={run.createdAt} />
      </td>
      <td className="p2">{run.triggeredBy.toLowerCase()}</td>
      <td className="num">{duration(run.durationSeconds)}</td>
      <td className="num p2">{figure(run.rowsProcessed)}</td>
      <td className={`p2 ell ${run.status === "FAILED" ? "failed" : "dim"}`} title={run.errorMessage ?? ""}>
        {run.waitingFor == null ? run.errorMessage : `waits for a driver of ${run.waitingFor.driverContainer}`}
      </td>
    </>
  );
}

/** All runs of all tables. */
export function Runs() {
  const { value, set } = useFilters();
  const state = STATES.find((candidate) => candidate.state === value("status")) ?? STATES[0];
  const search = value("q");
  const filter = { ...state?.filter, ...(search === "" ? {} : { errorContains: search }) };
  const pages = usePages(
    RunListDocument,
    ({ runs }) => runs,
    ({ id }) => id,
    { filter },
    ["RUN", "RUN_STAGE"],
  );
  return (
    <>
      <h1 className="vh">Runs</h1>
      <div className="bar">
        <div className="chips">
          {STATES.map(({ state: one, name }) => (
            <Chip key={name} isOn={one === state?.state} onPick={() => set({ status: one })}>
              {name}
            </Chip>
          ))}
        </div>
        <Filter value={search} onChange={(q) => set({ q })} label="Error" />
      </div>
      <List
        pages={pages}
        keyOf={({ id }) => id}
        rowHeight={36}
        className=""
        columns={6}
        noun="run"
        renderRow={cells}
        empty={<Nothing isFiltered={state?.state !== "" || search !== ""} none="Nothing has run yet." />}
        head={
          <thead>
            <tr>
              <th>Run</th>
              <th>Asked for</th>
              <th className="p2">By</th>
              <th className="num">Took</th>
              <th className="num p2">Rows</th>
              <th className="p2">Why</th>
            </tr>
          </thead>
        }
      />
    </>
  );
}
