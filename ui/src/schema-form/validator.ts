import { type Schema, Validator } from "@cfworker/json-schema";
import { ErrorSchemaBuilder, type RJSFSchema, type RJSFValidationError, type ValidatorType } from "@rjsf/utils";

const DRAFT = "2020-12";

/**
 * Validates by interpreting the schema. The usual validator compiles it with `new Function`, which the window's CSP
 * refuses. The form uses it to tell which choice of a `oneOf` a value is; what is shown as wrong comes from the gateway.
 */
export const validator: ValidatorType<unknown, RJSFSchema> = {
  isValid(schema, data, root) {
    try {
      // A reference points into the root, so a part is asked with the root's definitions at hand.
      const whole = { ...schema, $defs: { ...root.$defs, ...schema.$defs }, definitions: { ...root.definitions, ...schema.definitions } };
      return new Validator(whole as Schema, DRAFT, true).validate(withoutGaps(data)).valid;
    } catch {
      return false;
    }
  },

  validateFormData(data, schema) {
    const errors = errorsOf(schema, data);
    const builder = new ErrorSchemaBuilder();
    for (const error of errors) builder.addErrors(error.message ?? "is not valid", pathOf(error.property ?? ""));
    return { errors, errorSchema: builder.ErrorSchema };
  },

  rawValidation<Result>(schema: RJSFSchema, data?: unknown) {
    return { errors: errorsOf(schema, data) as Result[] };
  },
};

function errorsOf(schema: RJSFSchema, data: unknown): RJSFValidationError[] {
  const { errors } = new Validator(schema as Schema, DRAFT, false).validate(withoutGaps(data));
  return errors.map((error) => ({
    name: error.keyword,
    property: error.instanceLocation,
    message: error.error,
    stack: `${error.instanceLocation} ${error.error}`,
  }));
}

/** `#/limits/0/per` as the parts of a path. */
const pathOf = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

/** Data as JSON has it: without keys that hold undefined, which the validator would count as present. */
const withoutGaps = (data: unknown): unknown => (data === undefined ? undefined : JSON.parse(JSON.stringify(data)));
