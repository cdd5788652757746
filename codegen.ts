import type { CodegenConfig } from "@graphql-codegen/cli";

/**
 * Types and documents of the typed client. Reads the committed schema.graphql: importing the schema here would load
 * graphql twice.
 */
const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: ["examples/**/*.ts", "src/client/**/*.ts", "test/**/*.ts", "!src/client/gql/**"],
  generates: {
    "src/client/gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
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
      },
    },
  },
};
export default config;
