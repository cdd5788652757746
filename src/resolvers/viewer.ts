import { ROLES, type Role, type System } from "../db/access/tables.ts";

export { ROLES, type Role, type System };

/** Who runs an operation. */
export interface Viewer {
  /** Name of the token; null where the service runs without authentication. */
  readonly name: string | null;
  readonly role: Role;
  /** The agencies whose reports he sees; null or absent: all. */
  readonly agencySlugs?: readonly string[] | null | undefined;
  /** The systems that are open to him; null or absent: all. */
  readonly systems?: readonly System[] | null | undefined;
  /** The driver containers whose stages he may work on; null or absent: all. */
  readonly driverContainers?: readonly string[] | null | undefined;
  /** Where the request came from; null or absent: from this process, or the command line. */
  readonly address?: string | null | undefined;
}

/** Who asks for what the service does by itself: what it writes has no actor. */
export const SERVICE: Viewer = { name: null, role: "ADMIN" };

export function hasRole({ role }: Viewer, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** Whether a system is open to the viewer; `all` is what belongs to none of them. */
export function sees({ systems }: Viewer, system: System | "all"): boolean {
  return system === "all" || systems == null || systems.includes(system);
}

/** Without a limit of any kind: who configures, configures for all. */
export function isLimited({ agencySlugs, systems, driverContainers }: Omit<Viewer, "name" | "role">): boolean {
  return agencySlugs != null || systems != null || driverContainers != null;
}
