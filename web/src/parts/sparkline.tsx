import { timeOf } from "../clock.ts";
import { figure } from "../words.ts";

export interface Column {
  readonly start: string;
  readonly done: number;
  readonly failed: number;
}

const WIDTH = 140;
const HEIGHT = 30;

/** A column a minute: what got through, what failed in red from the base, the last one still growing. */
export function Sparkline({ columns, unit }: { columns: readonly Column[]; unit: string }) {
  const most = Math.max(1, ...columns.map(({ done, failed }) => done + failed));
  const step = WIDTH / Math.max(1, columns.length);
  const sum = columns.reduce((total, { done }) => total + done, 0);
  const lost = columns.reduce((total, { failed }) => total + failed, 0);
  return (
    <svg
      width="100%"
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`last hour: ${figure(sum)} ${unit}, ${figure(lost)} failed`}
    >
      {columns.map(({ start, done, failed }, at) => {
        const height = (HEIGHT * (done + failed)) / most;
        const red = failed === 0 ? 0 : Math.max(2, (HEIGHT * failed) / most);
        const isLast = at === columns.length - 1;
        return (
          <g key={start}>
            <title>{`${timeOf(start)}: ${figure(done)} ${unit}, ${figure(failed)} failed`}</title>
            <rect x={at * step} width={step} height={HEIGHT} fill="transparent" />
            <rect
              className={isLast ? "f-now" : "f-flow"}
              x={at * step}
              y={HEIGHT - height}
              width={step * 0.72}
              height={height}
            />
            {red === 0 ? null : (
              <rect className="f-failed" x={at * step} y={HEIGHT - red} width={step * 0.72} height={red} />
            )}
          </g>
        );
      })}
    </svg>
  );
}
