import { lookOf } from "../words.ts";

const LETTERS: Readonly<Record<string, string>> = {
  F: "FAILED",
  S: "STAGED",
  U: "UNKNOWN",
  P: "PARSED",
  I: "INGESTED",
  N: "PENDING",
};
/** The worst first: a column that stands for several shows it. */
const WORST = "FSUNPI";
const MOST_COLUMNS = 120;
const STEP = 4;

/** The letters of a run-length text like I12S14, one for each file. */
function lettersOf(text: string): string {
  return [...text.matchAll(/([A-Z])(\d+)/g)].map(([, letter = "", count]) => letter.repeat(Number(count))).join("");
}

/** The worst of each bin, when there are more files than columns. */
function binned(letters: string): readonly string[] {
  if (letters.length <= MOST_COLUMNS) return letters.split("");
  const size = letters.length / MOST_COLUMNS;
  return Array.from({ length: MOST_COLUMNS }, (_, at) => {
    const bin = letters.slice(Math.floor(at * size), Math.max(Math.floor(at * size) + 1, Math.floor((at + 1) * size)));
    return WORST.split("").find((letter) => bin.includes(letter)) ?? "N";
  });
}

/** A log's files in the order of their segments, by their latest status; what failed stands higher as well. */
export function SegmentStrip({ statuses, isStuck = false }: { statuses: string; isStuck?: boolean }) {
  const letters = lettersOf(statuses);
  if (letters === "") return <span className="dim">none</span>;
  const columns = binned(letters);
  const counts = WORST.split("").flatMap((letter) => {
    const count = letters.split(letter).length - 1;
    return count === 0 ? [] : [`${count} ${lookOf(LETTERS[letter]).word}`];
  });
  return (
    <svg
      width={columns.length * STEP}
      height="16"
      role="img"
      aria-label={`${letters.length} segments: ${counts.join(", ")}`}
    >
      <title>{counts.join(", ")}</title>
      {columns.map((letter, at) => {
        const { tone } = lookOf(LETTERS[letter]);
        const isFailed = letter === "F";
        return (
          <rect
            // They have no identity but their place.
            // biome-ignore lint/suspicious/noArrayIndexKey: the place is what is shown
            key={at}
            className={`f-${isStuck && letter === "S" ? "watch" : tone}`}
            x={at * STEP}
            y={isFailed ? 0 : 3}
            width={STEP - 1}
            height={isFailed ? 16 : 11}
            rx="1"
          />
        );
      })}
    </svg>
  );
}
