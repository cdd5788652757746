import type { Sql } from "../db/client.ts";

/** NOTIFY channel. A notification is a hint that there may be news; the table is the truth. */
const CHANNEL = "weir";
/** Least time between two notifications of this process, in milliseconds. */
const NOTIFY_SPACING = 5;

/** Tells this process and the others on the same database that something was committed. */
export interface Doorbell extends AsyncDisposable {
  /** For the service's own writers, after their commit: rings here at once, elsewhere within milliseconds. Never fails. */
  ring(): void;
}

/**
 * Listens on a connection of its own, which the driver opens again when it is lost; `onRing` is called then too.
 * Everything said here may get lost: whoever relies on `onRing` must also look by himself.
 */
export async function openDoorbell(sql: Sql, instanceId: string, onRing: () => void): Promise<Doorbell> {
  let timer: NodeJS.Timeout | undefined;
  const subscription = await sql.listen(
    CHANNEL,
    (payload) => {
      if (payload !== instanceId) onRing();
    },
    onRing,
  );

  return {
    ring() {
      onRing();
      timer ??= setTimeout(() => {
        timer = undefined;
        // A lost hint costs the others half a second at most.
        sql.notify(CHANNEL, instanceId).catch(() => {});
      }, NOTIFY_SPACING);
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await subscription.unlisten().catch(() => {});
    },
  };
}
