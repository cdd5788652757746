import type { CodegenConfig } from "@graphql-codegen/cli";

const OPERATIONS = {
  // Operations travel as text: a program that only sends them does not load graphql to print them.
  documentMode: "string",
  enumType: "string-literal",
  useTypeImports: true,
  immutableTypes: true,
  arrayInputCoercion: false,
  // The files run by type stripping, which resolves no other extension.
  importExtension: ".ts",
  strictScalars: true,
  scalars: {
    DateTime: "string",
    Date: "string",
    Cursor: "string",
    JSONObject: "Record<string, unknown>",
    SafeInt: "number",
  },
};

/**
 * Types and documents of the typed client. Reads the committed schema.graphql: importing the schema here would load
 * graphql twice.
 */
const config: CodegenConfig = {
  schema: "schema.graphql",
  generates: {
    "src/client/gql/": {
      // The packages that fixtures fetch have documents of other schemas.
      documents: ["examples/**/*.ts", "src/cli/**/*.ts", "test/**/*.ts", "!test/fixtures/**"],
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: OPERATIONS,
    },
    // The pages' own, so that they load no document of others.
    "web/src/gql/": {
      documents: ["web/src/*.graphql"],
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: OPERATIONS,
    },
  },
};
export default config;
