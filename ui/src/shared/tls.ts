import type { ListenerTls } from "@/api/types";

/** Among a listener's certificates: one that the gateway makes from its local authority, and makes anew in time. */
export const LOCAL_AUTHORITY = "local_authority";

/** How a listener speaks TLS unless something else is asked for: nothing must be brought or made for it before. */
export const firstTls = (): ListenerTls => ({
  certificates: [LOCAL_AUTHORITY],
  min_version: "1.2",
  http2: true,
  client_certificates: "off",
});
