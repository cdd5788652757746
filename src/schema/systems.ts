import type { System } from "../resolvers/viewer.ts";
import { builder } from "./builder.ts";

export const GaugedSystem = builder.enumType("GaugedSystem", {
  description: "One of the four systems.",
  values: {
    INGEST: { value: "ingest", description: "HL7 files." },
    PIPELINES: { value: "pipelines", description: "Tables." },
    DOCUMENTS: { value: "documents", description: "Documents." },
    REPORTS: { value: "reports", description: "Reports." },
  } as const satisfies Record<Uppercase<System>, { value: System; description: string }>,
});
