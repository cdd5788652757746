import { Link } from "wouter";
import { figure } from "../words.ts";
import { Icon, Mark } from "./basics.tsx";
import { type Column, Sparkline } from "./sparkline.tsx";

export interface Cell {
  readonly value: number;
  readonly note: string;
  readonly tone?: "watch" | "failed" | "";
}

export interface Row {
  /** Columns of a minute, the last 60; null: they are not known. */
  readonly flow: readonly Column[] | null;
  /** What got through in the last whole minute, and its unit. */
  readonly rate: number;
  readonly unit: string;
  readonly href: string;
  readonly name: string;
  readonly icon: string;
  readonly of: string;
  readonly cells: readonly [Cell, Cell, Cell, Cell];
}

const COLUMNS = [
  { name: "waiting", tone: "waiting" },
  { name: "moving", tone: "moving" },
  { name: "done", tone: "done" },
  { name: "failed", tone: "failed" },
] as const;

export function Board({ rows }: { rows: readonly Row[] }) {
  return (
    <section className="card board" aria-label="Systems">
      <div className="brow hd" aria-hidden="true">
        <span />
        <span>Waiting</span>
        <span>In work</span>
        <span>Done</span>
        <span>Failed</span>
        <span className="o">Last hour</span>
      </div>
      {rows.map(({ href, name, icon, of, cells, flow, rate, unit }) => (
        <Link key={name} href={href} className="brow">
          <div className="sys">
            <b>
              <Icon name={icon} />
              {name}
            </b>
            <small>{of}</small>
          </div>
          {cells.map(({ value, note, tone = "" }, at) => {
            const column = COLUMNS[at] ?? COLUMNS[0];
            const isQuiet = column.name === "failed" && tone !== "failed";
            return (
              <div key={column.name} className="cell">
                <div className={`fig ${value === 0 ? "zero" : ""}`}>
                  <Mark
                    name={isQuiet ? "seen" : column.name}
                    tone={isQuiet ? "idle" : column.tone}
                    word={column.name}
                  />
                  <span>{figure(value)}</span>
                  {at < 2 ? (
                    <i
                      className={`flow ${value > 0 && isFlowing(flow) ? "" : tone === "watch" ? "blocked" : "still"}`}
                      style={speedOf(rate)}
                    />
                  ) : null}
                </div>
                <small className={tone} title={note}>
                  {note}
                </small>
              </div>
            );
          })}
          <div className="rate o">
            {flow === null ? <span /> : <Sparkline columns={flow} unit={unit} />}
            <div className="v">
              <b>{figure(rate)}</b>
              {unit}/min
            </div>
          </div>
        </Link>
      ))}
    </section>
  );
}

/** Whether something got through in the last two minutes. */
function isFlowing(flow: readonly Column[] | null): boolean {
  return flow?.slice(-2).some(({ done, failed }) => done + failed > 0) === true;
}

/** Dashes travel faster with more throughput, up to three times. */
function speedOf(rate: number): Record<string, number> {
  const speed = Math.min(3, 0.6 + Math.log10(1 + rate));
  return { "--v": speed, "--flow": Math.min(1, speed / 2) };
}
