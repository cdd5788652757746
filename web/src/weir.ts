import { createWeirClient } from "../../src/client/index.ts";

const TOKEN = "weir.token";

/** The token of this tab; null: none was given. */
export function tokenOfTab(): string | null {
  return sessionStorage.getItem(TOKEN);
}

export function signIn(token: string): void {
  sessionStorage.setItem(TOKEN, token);
  location.reload();
}

export function signOut(): void {
  sessionStorage.removeItem(TOKEN);
  location.reload();
}

const token = tokenOfTab();

/** The service that serves this page. */
export const weir = createWeirClient({
  url: location.origin,
  retry: { attempts: 2 },
  ...(token === null ? {} : { token }),
});
