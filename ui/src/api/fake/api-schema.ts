import openapi from "../../../openapi.json";

/** The schema of an API as it is written, from the description that the gateway gives of itself. */
export const apiSchema = (): Record<string, unknown> => {
  const { schemas } = JSON.parse(JSON.stringify(openapi.components).replaceAll("#/components/schemas/", "#/$defs/")) as {
    schemas: Record<string, Record<string, unknown>>;
  };
  return { ...schemas.ApiInput, $defs: schemas };
};
