import type { Transport } from "./transport";

export const fake_transport: Transport = {
  call: async () => ({ status: 503, body: { error: { code: "fake", message: "The sample data is not loaded." } } }),
  live: async () => undefined,
};
