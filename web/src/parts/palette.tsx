import { useEffect, useState } from "react";
import {
  Autocomplete,
  Dialog,
  Input,
  ListBox,
  ListBoxItem,
  Modal,
  ModalOverlay,
  SearchField,
} from "react-aria-components";
import { useLocation } from "wouter";
import { SearchDocument, type SearchQuery } from "../gql/graphql.ts";
import { hrefOf } from "../places.ts";
import { weir } from "../weir.ts";
import { StatusMark } from "./basics.tsx";

type Hit = NonNullable<SearchQuery["search"]>[number];

/** Milliseconds without a key before it is asked. */
const PACE = 150;
const RECENT = "weir.recent";
const MOST_RECENT = 8;

interface Entry {
  readonly href: string;
  readonly title: string;
  readonly note: string;
  readonly status: string | null;
}

const SYSTEMS: Readonly<Record<string, string>> = {
  FILE_STATUS: "log file",
  HL7_FILE: "HL7 file",
  PIPELINE: "pipeline",
  RUN: "run",
  FILE: "document",
  SEEDER_JOB: "report",
};

function statusOf({ node }: Hit): string | null {
  switch (node?.kind) {
    case "Run":
      return node.status;
    case "Pipeline":
      return node.latestRun?.status ?? null;
    case "File":
      return node.overallStatus.status;
    case "SeederJob":
      return node.jobStatus;
    case "LogFile":
    case "Hl7File":
      return node.currentStatus?.status ?? null;
    default:
      return null;
  }
}

function entryOf(hit: Hit): Entry {
  const table = hit.node?.kind === "Run" ? hit.node.sourceTablename : "";
  const kind = hit.node?.kind === "Hl7File" ? "HL7 file" : (SYSTEMS[hit.topic] ?? hit.topic.toLowerCase());
  const topic = hit.node?.kind === "Hl7File" ? "HL7_FILE" : hit.topic;
  return {
    href: hrefOf(topic, hit.key, table),
    title: table === "" ? hit.title : `${table}, run ${hit.key}`,
    note: hit.message == null ? kind : `${kind} · ${hit.message}`,
    status: statusOf(hit),
  };
}

/** Null: it could not be asked. */
async function find(text: string): Promise<readonly Entry[] | null> {
  try {
    const { search } = await weir.request(SearchDocument, { text });
    return (search ?? []).map(entryOf);
  } catch {
    return null;
  }
}

function recent(): readonly Entry[] {
  try {
    return JSON.parse(sessionStorage.getItem(RECENT) ?? "[]") as Entry[];
  } catch {
    return [];
  }
}

function remember(entry: Entry): void {
  const others = recent().filter(({ href }) => href !== entry.href);
  sessionStorage.setItem(RECENT, JSON.stringify([entry, ...others].slice(0, MOST_RECENT)));
}

/** Finds anything by its name, path, id or error. */
export function Palette({ close }: { close: () => void }) {
  const [, go] = useLocation();
  const [text, setText] = useState("");
  const [entries, setEntries] = useState<readonly Entry[]>(recent);
  const [state, setState] = useState<"idle" | "asking" | "done" | "failed">("idle");
  useEffect(() => {
    if (text.trim() === "") {
      setEntries(recent());
      setState("idle");
      return undefined;
    }
    let isWanted = true;
    setState("asking");
    const timer = setTimeout(() => {
      void find(text.trim()).then((found) => {
        if (!isWanted) return null;
        if (found !== null) setEntries(found);
        setState(found === null ? "failed" : "done");
        return null;
      });
    }, PACE);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [text]);
  const open = (href: string) => {
    const entry = entries.find((one) => one.href === href);
    if (entry !== undefined) remember(entry);
    go(href);
    close();
  };
  const told =
    state === "failed"
      ? "The search did not work. Is the service there?"
      : state === "done" && entries.length === 0
        ? "Nothing has that in its name, path, id or error."
        : state === "idle"
          ? entries.length === 0
            ? "A path, a table, a run's number, a file's name, a part of an error."
            : "Recent"
          : "";
  return (
    <ModalOverlay isOpen isDismissable className="overlay" onOpenChange={(isOpen) => (isOpen ? undefined : close())}>
      <Modal className="card modal palette">
        <Dialog aria-label="Search">
          {/* The service decides what is like the text. */}
          <Autocomplete inputValue={text} onInputChange={setText}>
            <SearchField aria-label="Search everything" autoFocus className="search">
              <svg aria-hidden="true">
                <use href="/marks.svg#i-find" />
              </svg>
              <Input placeholder="Path, table, run, file, error" />
            </SearchField>
            <p className="dim told" role="status">
              {told}
            </p>
            <ListBox
              className="pal"
              aria-label="Found"
              items={entries.map((entry) => ({ ...entry, id: entry.href }))}
              selectionMode="none"
              onAction={(key) => open(String(key))}
            >
              {({ id, title, note, status }) => (
                <ListBoxItem id={id} textValue={title} className="hit">
                  <StatusMark status={status} />
                  <b className="ell">{title}</b>
                  <span className="dim ell">{note}</span>
                </ListBoxItem>
              )}
            </ListBox>
          </Autocomplete>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
