import { Link, useParams } from "wouter";
import {
  DocumentCountsDocument,
  type DocumentCountsQuery,
  DocumentListDocument,
  type DocumentListQuery,
  type FileFilter,
} from "../gql/graphql.ts";
import { usePages } from "../pages.ts";
import { Chip, Mark, StatusMark, When } from "../parts/basics.tsx";
import { DocumentPeek } from "../parts/document-peek.tsx";
import { Filter, List, Nothing, useFilters, useKeptFilters } from "../parts/list.tsx";
import { Split } from "../parts/peek.tsx";
import { useQuery } from "../query.ts";
import { duration, figure, lookOf } from "../words.ts";

const TOPICS = ["FILE", "FILE_STEP", "PROCESSING_LOG"];
const STATUSES = ["FAILED", "PROCESSING", "PENDING", "COMPLETED"] as const;

type Document = DocumentListQuery["files"]["nodes"][number];

/** The steps of files, main steps first, each in the order in which it first comes. */
function columnsOf(files: readonly Document[]): readonly string[] {
  const steps = files.flatMap(({ steps: own }) => own);
  const main = steps.filter(({ kind }) => kind === "MAIN").map(({ stepName }) => stepName);
  const uploads = steps.filter(({ kind }) => kind !== "MAIN").map(({ stepName }) => stepName);
  return [...new Set([...main, ...uploads])];
}

function cells(file: Document, columns: readonly string[], href: string) {
  const isUrgent = file.overallStatus.status === "FAILED";
  return (
    <>
      <td>
        <div className="flex">
          <StatusMark status={file.overallStatus.status} />
          <Link data-row data-needs={isUrgent ? "" : undefined} className="ell" href={href}>
            {file.originalFilename ?? file.filehash}
          </Link>
        </div>
      </td>
      {columns.map((name) => {
        const step = file.steps.find(({ stepName }) => stepName === name);
        const told =
          step === undefined
            ? ""
            : `${name}: ${lookOf(step.status).word} ${duration(step.durationSeconds)} ${step.errorMessage ?? ""}`;
        return (
          <td key={name} className="st" title={told}>
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
    </>
  );
}

/** The steps' names, and above the first row how many failed at each: a click shows them. */
function Head({ columns, counts }: { columns: readonly string[]; counts: DocumentCountsQuery["stepStatusCounts"] }) {
  const { value, set } = useFilters();
  const step = value("step");
  return (
    <thead>
      <tr>
        <th className="low">Document</th>
        {columns.map((name) => (
          <th key={name} className="st">
            <div>
              <span>{name}</span>
            </div>
          </th>
        ))}
        <th className="num low">Came</th>
      </tr>
      <tr className="grp">
        <td>failed at</td>
        {columns.map((name) => {
          const failed = counts?.find((entry) => entry.stepName === name && entry.status === "FAILURE")?.count ?? 0;
          return (
            <td key={name} className="st">
              {failed === 0 && step !== name ? null : (
                <button
                  type="button"
                  className="count failed"
                  aria-pressed={step === name}
                  title={`${figure(failed)} failed at ${name}`}
                  onClick={() => set({ step: step === name ? "" : name })}
                >
                  {figure(failed)}
                </button>
              )}
            </td>
          );
        })}
        <td />
      </tr>
    </thead>
  );
}

function DocumentList({ selected }: { selected: string | undefined }) {
  const { value, set } = useFilters();
  const status = STATUSES.find((one) => one === value("status"));
  const isStalled = value("status") === "STALLED";
  const step = value("step");
  const search = value("q");
  const filter: FileFilter = {
    ...(status === undefined ? {} : { status: [status] }),
    ...(isStalled ? { isStalled } : {}),
    ...(step === "" ? {} : { stepName: step, stepStatus: "FAILURE" }),
    ...(search === "" ? {} : { search }),
  };
  const pages = usePages(
    DocumentListDocument,
    ({ files }) => files,
    ({ id }) => id,
    { filter },
    TOPICS,
  );
  const counts = useQuery(DocumentCountsDocument, {}, TOPICS).data;
  const columns = columnsOf((pages.rows ?? []).slice(0, 200));
  const filters = useKeptFilters();
  return (
    <>
      <div className="bar">
        <div className="chips">
          <Chip isOn={status === undefined && !isStalled && step === ""} onPick={() => set({ status: "", step: "" })}>
            All
          </Chip>
          {STATUSES.map((one) => {
            const { mark, tone, word } = lookOf(one);
            return (
              <Chip key={one} isOn={one === status} onPick={() => set({ status: one })}>
                <Mark name={mark} tone={tone} word="" /> {word}{" "}
                <b>{figure(counts?.fileStatusCounts.find((entry) => entry.status === one)?.count)}</b>
              </Chip>
            );
          })}
          <Chip isOn={isStalled} onPick={() => set({ status: isStalled ? "" : "STALLED" })}>
            <Mark name="long" tone="watch" word="" /> stalled <b>{figure(counts?.stalled.totalCount)}</b>
          </Chip>
          {step === "" ? null : (
            <Chip isOn onPick={() => set({ step: "" })}>
              failed at {step} ✕
            </Chip>
          )}
        </div>
        <Filter value={search} onChange={(q) => set({ q })} label="Name or hash" />
      </div>
      <List
        pages={pages}
        keyOf={({ id }) => id}
        rowHeight={36}
        className="mx"
        columns={columns.length + 2}
        noun="document"
        selected={selected}
        renderRow={(file) => cells(file, columns, `/documents/${file.id}${filters}`)}
        empty={
          <Nothing
            isFiltered={status !== undefined || isStalled || step !== "" || search !== ""}
            none="No document was created yet."
          />
        }
        head={<Head columns={columns} counts={counts?.stepStatusCounts ?? null} />}
      />
    </>
  );
}

/** Files by steps: what failed is seen from across the room. */
export function Documents() {
  const { id } = useParams<{ id?: string }>();
  const back = `/documents${useKeptFilters()}`;
  return (
    <>
      <h1 className="vh">Documents</h1>
      <Split
        list={<DocumentList selected={id} />}
        peek={id === undefined ? null : <DocumentPeek id={id} back={back} />}
      />
    </>
  );
}
