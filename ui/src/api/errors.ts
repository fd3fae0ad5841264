import type { ErrorBody, Fault } from "./types";

/** What the management API, or the way to it, answered instead of a result. `status` is 0 when nothing answered. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly faults: Fault[] = [],
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** The message for one field, and for everything below it when asked for. */
  at(field: string): string | undefined {
    return this.faults.find((fault) => fault.field === field)?.message;
  }
}

const isErrorBody = (body: unknown): body is ErrorBody =>
  typeof body === "object" && body !== null && typeof (body as ErrorBody).error?.message === "string";

/** The error that an answer stands for; an answer that is not ours (a proxy's page) is told as such. */
export function errorFromAnswer(status: number, body: unknown): ApiError {
  if (isErrorBody(body)) return new ApiError(status, body.error.code, body.error.message, body.error.faults ?? []);
  return new ApiError(status, "unexpected", `The gateway answered ${status} without saying why.`);
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const faultsOf = (error: unknown): Fault[] => (error instanceof ApiError ? error.faults : []);
