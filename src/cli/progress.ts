import type { WriteStream } from "node:tty";

const WIDTH = 30;

export interface Progress {
  /** How much is done, from 0 to 1, and what to say of it. */
  report(done: number, text: string): void;
  /** Takes the bar away: what comes next begins a line of its own. */
  end(): void;
}

/** A bar on a terminal; elsewhere a line for each tenth. */
export function createProgress(stream: Pick<WriteStream, "write"> & { readonly isTTY?: boolean }): Progress {
  let tenth = 0;
  let part = 0;
  return {
    report(done, text) {
      // Two batches are under way at once, and the later one may be done first.
      part = Math.max(part, Math.min(1, done));
      const percent = `${Math.floor(part * 100)} %`;
      if (stream.isTTY === true) {
        const filled = Math.round(part * WIDTH);
        // To the line's beginning, and clear what was longer before.
        stream.write(`\r[${"#".repeat(filled)}${".".repeat(WIDTH - filled)}] ${percent.padStart(5)}  ${text}\u001b[K`);
        return;
      }
      if (Math.floor(part * 10) <= tenth) return;
      tenth = Math.floor(part * 10);
      stream.write(`${percent}  ${text}\n`);
    },
    end() {
      if (stream.isTTY === true) stream.write("\r\u001b[K");
    },
  };
}
