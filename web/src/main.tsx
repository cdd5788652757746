import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Link, Route, Switch } from "wouter";
import "../styles/app.css";
import "../styles/page.css";
import { AttentionDocument } from "./gql/graphql.ts";
import { startLive } from "./live.ts";
import { DocumentPage, Documents } from "./pages/documents.tsx";
import { Ingest, LogPage } from "./pages/ingest.tsx";
import { Overview } from "./pages/overview.tsx";
import { PipelinePage, Pipelines } from "./pages/pipelines.tsx";
import { ReportPage, Reports } from "./pages/reports.tsx";
import { RunPage } from "./pages/run.tsx";
import { Frame } from "./parts/frame.tsx";
import { useQuery } from "./query.ts";

const ALL = ["FILE_STATUS", "HL7_FILE", "PIPELINE", "RUN", "FILE", "FILE_STEP", "SEEDER_JOB"];
const REFUSALS = new Set(["UNAUTHENTICATED", "FORBIDDEN"]);

function App() {
  const { data, error } = useQuery(AttentionDocument, {}, ALL);
  const items = data?.attention ?? [];
  const refusal = error !== null && REFUSALS.has(error.code) ? error.code : null;
  // Null: nobody is asked who he is.
  const mayAct = data !== null && data.viewer?.role !== "VIEWER";
  const goToNext = () => {
    const next = document.querySelector<HTMLElement>("[data-needs]");
    if (next === null) document.querySelector<HTMLAnchorElement>(".nav a")?.click();
    else next.focus();
  };
  return (
    <Frame items={items} refusal={refusal} onNext={goToNext}>
      <Switch>
        <Route path="/">
          <Overview items={items} mayAct={mayAct} isKnown={data !== null} />
        </Route>
        <Route path="/ingest" component={Ingest} />
        <Route path="/ingest/log" component={LogPage} />
        <Route path="/pipelines">
          <Pipelines mayAct={mayAct} />
        </Route>
        <Route path="/pipelines/:table">
          {({ table }) => <PipelinePage table={decodeURIComponent(table)} mayAct={mayAct} />}
        </Route>
        <Route path="/pipelines/:table/runs/:id">{({ id }) => <RunPage id={id} mayAct={mayAct} />}</Route>
        <Route path="/runs/:id">{({ id }) => <RunPage id={id} mayAct={mayAct} />}</Route>
        <Route path="/documents" component={Documents} />
        <Route path="/documents/:id">{({ id }) => <DocumentPage id={id} />}</Route>
        <Route path="/reports">
          <Reports mayAct={mayAct} />
        </Route>
        <Route path="/reports/:table">
          {({ table }) => <ReportPage table={decodeURIComponent(table)} mayAct={mayAct} />}
        </Route>
        <Route>
          <p>
            There is nothing here. <Link href="/">To the overview</Link>
          </p>
        </Route>
      </Switch>
    </Frame>
  );
}

const root = document.querySelector("#root");
if (root !== null) {
  startLive();
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
