import { Link } from "wouter";
import { DocumentListDocument, type DocumentListQuery, DocumentPageDocument } from "../gql/graphql.ts";
import { Chip, Empty, Mark, Problem, Skeleton, StatusMark, When } from "../parts/basics.tsx";
import { More, Search, useFilters } from "../parts/list.tsx";
import { useQuery } from "../query.ts";
import { duration, figure, lookOf } from "../words.ts";

const TOPICS = ["FILE", "FILE_STEP", "PROCESSING_LOG"];
const STATUSES = ["FAILED", "PROCESSING", "PENDING", "COMPLETED"] as const;

type Document = DocumentListQuery["files"]["nodes"][number];

/** The steps of a page's files, main steps first, each in the order in which it first comes. */
function columnsOf(files: readonly Document[]): readonly string[] {
  const steps = files.flatMap(({ steps: own }) => own);
  const main = steps.filter(({ kind }) => kind === "MAIN").map(({ stepName }) => stepName);
  const uploads = steps.filter(({ kind }) => kind !== "MAIN").map(({ stepName }) => stepName);
  return [...new Set([...main, ...uploads])];
}

/** Files by steps: what failed is seen from across the room. */
function Matrix({ files }: { files: readonly Document[] }) {
  const columns = columnsOf(files);
  return (
    <div className="tw">
      <table className="tbl mx">
        <thead>
          <tr>
            <th style={{ verticalAlign: "bottom" }}>Document</th>
            {columns.map((name) => (
              <th key={name} className="st">
                <div>
                  <span>{name}</span>
                </div>
              </th>
            ))}
            <th className="num" style={{ verticalAlign: "bottom" }}>
              Came
            </th>
          </tr>
        </thead>
        <tbody>
          {files.map((file) => (
            <tr key={file.id}>
              <td>
                <div className="flex">
                  <StatusMark status={file.overallStatus.status} />
                  <Link data-row className="ell" href={`/documents/${file.id}`}>
                    {file.originalFilename ?? file.filehash}
                  </Link>
                </div>
              </td>
              {columns.map((name) => {
                const step = file.steps.find(({ stepName }) => stepName === name);
                return (
                  <td
                    key={name}
                    className="st"
                    title={
                      step === undefined
                        ? ""
                        : `${name}: ${lookOf(step.status).word} ${duration(step.durationSeconds)} ${step.errorMessage ?? ""}`
                    }
                  >
                    {step === undefined ? null : step.isStalled ? (
                      <Mark name="long" tone="watch" word="stalled" />
                    ) : (
                      <StatusMark status={step.status} />
                    )}
                  </td>
                );
              })}
              <td className="num">
                <When at={file.createdAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Documents() {
  const { value, set } = useFilters();
  const status = STATUSES.find((one) => one === value("status"));
  const search = value("q");
  const after = value("after");
  const filter = { ...(status === undefined ? {} : { status: [status] }), ...(search === "" ? {} : { search }) };
  const list = useQuery(DocumentListDocument, { filter, after: after === "" ? null : after }, TOPICS);
  const page = list.data?.files;
  return (
    <>
      <h1 className="vh">Documents</h1>
      <div className="bar">
        <div className="chips">
          <Chip isOn={status === undefined} onPick={() => set({ status: "", after: "" })}>
            All
          </Chip>
          {STATUSES.map((one) => {
            const { mark, tone, word } = lookOf(one);
            return (
              <Chip key={one} isOn={one === status} onPick={() => set({ status: one, after: "" })}>
                <Mark name={mark} tone={tone} word="" /> {word}{" "}
                <b>{figure(list.data?.fileStatusCounts.find((entry) => entry.status === one)?.count)}</b>
              </Chip>
            );
          })}
        </div>
        <Search value={search} onChange={(q) => set({ q, after: "" })} label="Name or hash" />
      </div>
      {list.error === null ? null : <Problem error={list.error} retry={list.reload} />}
      <section className="card">
        {page === undefined ? (
          list.error === null ? (
            <Skeleton />
          ) : null
        ) : page.nodes.length === 0 ? (
          <Empty
            title={status === undefined && search === "" ? "No document was created yet." : "No document is like that."}
          />
        ) : (
          <Matrix files={page.nodes} />
        )}
        <More page={page?.pageInfo} after={after} onGo={(next) => set({ after: next })} />
      </section>
    </>
  );
}

export function DocumentPage({ id }: { id: string }) {
  const query = useQuery(DocumentPageDocument, { id }, TOPICS);
  if (query.error !== null) return <Problem error={query.error} retry={query.reload} />;
  if (query.data === null) return <Skeleton />;
  const { file } = query.data;
  if (file == null) return <Empty title={`There is no document ${id}.`} />;
  const failed = file.steps.filter(({ status }) => status === "FAILURE");
  return (
    <>
      <div className="bar">
        <h1 className="rt ell">{file.originalFilename ?? file.filehash}</h1>
        <span className="dim">
          came <When at={file.createdAt} />
        </span>
      </div>
      {failed.map(({ id: step, stepName, errorMessage }) => (
        <div key={step} className="because" style={{ marginBottom: 12 }}>
          <Mark name="failed" tone="failed" word="failed" size={16} />
          <div>
            <b>{errorMessage ?? "It failed, and nobody said why"}</b>
            <p>at {stepName}</p>
          </div>
        </div>
      ))}
      <div className="split">
        <section className="card">
          <div className="tw">
            <table className="tbl">
              <thead>
                <tr>
                  <th>Step</th>
                  <th>Began</th>
                  <th className="num">Took</th>
                </tr>
              </thead>
              <tbody>
                {file.steps.map((step) => (
                  <tr key={step.id}>
                    <td>
                      <div className="flex">
                        <StatusMark status={step.status} /> {step.stepName}
                      </div>
                    </td>
                    <td>
                      <When at={step.startedAt} />
                    </td>
                    <td className="num">{duration(step.durationSeconds)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
        <section className="card peek">
          <section>
            <h3>Log</h3>
            <ul className="log">
              {file.logs.nodes.map(({ id: entry, stepName, status, message, timestamp }) => (
                <li key={entry}>
                  <time title={timestamp}>{new Date(timestamp).toLocaleTimeString()}</time>
                  <StatusMark status={status?.toUpperCase()} />
                  <p className="ell">
                    <b>{stepName}</b> {message}
                  </p>
                </li>
              ))}
            </ul>
          </section>
        </section>
      </div>
    </>
  );
}
