import type postgres from "postgres";

/** A transaction of the login under which reports are made. */
export type Session = postgres.TransactionSql;

/**
 * One statement by the extended protocol: the server's parser refuses a second one, so that no query breaks out of its
 * place. Cancelled when the signal is aborted.
 */
export async function run<Row extends postgres.Row = postgres.Row>(
  session: Session,
  text: string,
  signal?: AbortSignal,
): Promise<postgres.RowList<Row[]>> {
  signal?.throwIfAborted();
  const extended = { prepare: false, simple: false };
  const query = session.unsafe<Row[]>(text, [], extended);
  const cancel = () => query.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    return await query;
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

export async function prepareSession(session: Session): Promise<void> {
  // A server whose client was killed goes on for hours otherwise. Windows can't tell.
  await session`/* reports.prepare */ select set_config('standard_conforming_strings', 'on', true),
    case when version() ~ '(Visual C|mingw|windows)' then '' else set_config('client_connection_check_interval', '2s', true) end`;
}
