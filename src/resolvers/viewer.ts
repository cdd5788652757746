/** Roles, each including the ones before it. */
export const ROLES = ["VIEWER", "WORKER", "ADMIN"] as const;
export type Role = (typeof ROLES)[number];

/** Who runs an operation. */
export interface Viewer {
  /** Name of the token; null where the service runs without authentication. */
  readonly name: string | null;
  readonly role: Role;
  /** The agencies whose reports he sees; null or absent: all. */
  readonly agencySlugs?: readonly string[] | null;
}

/** Who asks for what the service does by itself: what it writes has no actor. */
export const SERVICE: Viewer = { name: null, role: "ADMIN" };
