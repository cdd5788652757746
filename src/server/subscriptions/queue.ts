/** What waits of one socket. */
export interface Queue {
  /** What was sent last and waits for its turn; undefined: nothing does. */
  waiting?: Promise<unknown> | undefined;
}

/** What a socket sends is taken in the order in which it came, also where one has to wait and the next would not. */
export async function turnOf(connection: Queue, turn: Promise<void> | undefined): Promise<void> {
  if (turn === undefined && connection.waiting === undefined) return;
  const mine = Promise.all([connection.waiting, turn]);
  connection.waiting = mine;
  await mine;
  if (connection.waiting === mine) connection.waiting = undefined;
}
