import type { PolicyKind } from "../types";

type Schema = Record<string, unknown>;
const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties,
  required,
  additionalProperties: false,
});
const duration = (description: string, preset?: string): Schema => ({
  type: ["string", "integer"],
  format: "duration",
  pattern: "^[0-9]+ *(ms|s|m|h|d)?$",
  description,
  ...(preset !== undefined && { default: preset }),
});
const expression = (title: string, description: string, preset?: string, example?: string): Schema => ({
  title,
  type: "string",
  format: "expression",
  description,
  ...(preset !== undefined && { default: preset }),
  ...(example !== undefined && { examples: [example] }),
});

/** A handful of policy kinds that between them use every widget of the form. */
export const kinds: PolicyKind[] = [
  {
    name: "client-id-enforcement",
    title: "Client ID enforcement",
    category: "Security",
    summary: "Lets only calls of client applications with a contract pass.",
    help: "Every call must carry the client ID, and unless switched off the secret, of a client application that has an approved contract with this API.\n\nWithout them the answer is `401`.",
    schema: object({
      credentials_from: {
        title: "Credentials from",
        oneOf: [
          { const: "expressions", description: "Two expressions" },
          { const: "basic", description: "The Authorization header (Basic)" },
        ],
        default: "expressions",
        description: "Where a call carries its client ID and secret.",
      },
      client_id: expression("Client ID", "Where the client ID is.", "#[attributes.headers['client_id']]"),
      client_secret: expression(
        "Client secret",
        "Where the secret is. Empty means that the ID alone is enough.",
        "#[attributes.headers['client_secret']]",
      ),
    }),
    example: {},
    acts_on: { request: true, response: false },
    always_first: false,
  },
  {
    name: "rate-limiting",
    title: "Rate limiting",
    category: "Quality of service",
    summary: "Refuses calls over a limit with 429 and Retry-After. Each key gets its own counter.",
    help: "Counts calls in fixed windows. A call is refused with `429` and `Retry-After` when any limit has no room left.\n\n- All limits must have room.\n- Each value of **Count per** has its own counter.",
    schema: object(
      {
        limits: {
          title: "Limits",
          type: "array",
          minItems: 1,
          maxItems: 10,
          description: "All must have room.",
          items: { $ref: "#/$defs/Limit" },
        },
        key: expression("Count per", "Empty means one counter for everyone.", undefined, "#[attributes.headers['x-user']]"),
        expose_headers: {
          title: "Expose headers",
          type: "boolean",
          default: false,
          description: "Sends RateLimit-Limit, -Remaining and -Reset.",
        },
      },
      ["limits"],
    ),
    example: { limits: [{ requests: 60, per: "1m" }] },
    acts_on: { request: true, response: true },
    always_first: false,
  },
  {
    name: "ip-blocklist",
    title: "IP blocklist",
    category: "Security",
    summary: "Refuses calls from the listed addresses with 403.",
    help: "Compares the address of the caller's socket with a list of addresses and ranges.",
    schema: object(
      {
        ips: {
          title: "Addresses",
          type: "array",
          items: { type: "string", examples: ["10.0.0.0/8"] },
          minItems: 1,
          description: "Addresses or ranges in CIDR form.",
        },
      },
      ["ips"],
    ),
    example: { ips: ["192.0.2.0/24"] },
    acts_on: { request: true, response: false },
    always_first: false,
  },
  {
    name: "basic-authentication",
    title: "Basic authentication",
    category: "Security",
    summary: "Asks for one user name and password.",
    help: "Refuses calls without the right user name and password with `401`.",
    schema: object(
      {
        username: { title: "User name", type: "string", minLength: 1 },
        password: {
          title: "Password",
          type: "string",
          format: "password",
          minLength: 1,
          description: "Kept encrypted, and never shown again.",
        },
      },
      ["username", "password"],
    ),
    example: { username: "demo", password: "demo" },
    acts_on: { request: true, response: false },
    always_first: false,
  },
  {
    name: "cors",
    title: "CORS",
    category: "Compliance",
    summary: "Lets web pages of the named origins call this API.",
    help: "Answers preflights itself and adds the CORS headers to every answer, refusals included.",
    schema: object({
      public_resource: { title: "Every origin", type: "boolean", default: true, description: "Any web page may call." },
      origins: { title: "Origins", type: "array", items: { type: "string", examples: ["https://shop.example"] } },
      max_age: { title: "Preflight kept", ...duration("How long a browser may keep the answer to a preflight.", "10m") },
    }),
    example: { public_resource: true },
    acts_on: { request: true, response: true },
    always_first: true,
  },
  {
    name: "http-caching",
    title: "HTTP caching",
    category: "Quality of service",
    summary: "Keeps answers and gives them again.",
    help: "Keeps the answers to GET and HEAD calls in memory for a while.",
    schema: object({
      ttl: { title: "Kept for", ...duration("How long an answer is given again.", "5m") },
      max_entries: { title: "Most answers kept", type: "integer", minimum: 1, maximum: 100000, default: 10000 },
    }),
    example: { ttl: "5m" },
    acts_on: { request: true, response: true },
    always_first: false,
  },
  {
    name: "header-injection",
    title: "Header injection",
    category: "Transformation",
    summary: "Adds headers to requests and answers.",
    help: "Adds headers on the way in, on the way out, or both. Values may be expressions.",
    schema: object({
      inbound: { title: "To the upstream", type: "array", items: { $ref: "#/$defs/HeaderLine" } },
      outbound: { title: "To the caller", type: "array", items: { $ref: "#/$defs/HeaderLine" } },
    }),
    example: { inbound: [{ key: "x-gateway", value: "gatepost" }] },
    acts_on: { request: true, response: true },
    always_first: false,
  },
  {
    name: "message-logging",
    title: "Message logging",
    category: "Troubleshooting",
    summary: "Writes a line to the log for every call.",
    help: "Evaluates an expression before or after the call and logs what it gives.",
    schema: object({
      message: expression("Message", "What to log.", "#[attributes.method + ' ' + attributes.requestPath]"),
      level: { title: "Level", type: "string", enum: ["info", "warn", "error", "debug"], default: "info" },
      after: { title: "After the call too", type: "boolean", default: false },
    }),
    example: {},
    acts_on: { request: true, response: true },
    always_first: false,
  },
];

const defs = {
  Limit: {
    type: "object",
    properties: {
      requests: { title: "Calls", type: "integer", minimum: 1 },
      per: { title: "Per", ...duration("The length of the window.") },
    },
    required: ["requests", "per"],
    additionalProperties: false,
  },
  HeaderLine: {
    type: "object",
    properties: { key: { title: "Name", type: "string", minLength: 1 }, value: { title: "Value", type: "string", format: "expression" } },
    required: ["key", "value"],
    additionalProperties: false,
  },
};
for (const kind of kinds) kind.schema.$defs = defs;
