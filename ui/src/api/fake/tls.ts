import type { Certificate, CertificateInput, Expiry, IssueInput, Listener, ListenerTls, LocalAuthority, Warning } from "../types";
import { created, type Handler, missing, ok, type Reply, refuse } from "./reply";
import { changed, listeners, newId, state } from "./state";

const DAY_MS = 86_400_000;
const AUTHORITY = "CN=Gatepost local authority of sam-laptop";

let certificates: Certificate[] = [];
const greetings = new Map<string, ListenerTls>();

const expiryOf = (not_after: number): Expiry => {
  const left = not_after - Date.now();
  return left <= 0 ? "expired" : left <= 30 * DAY_MS ? "soon" : "valid";
};

function make(name: string, kind: Certificate["kind"], hosts: string[], days: number, issuer: string): Certificate {
  const not_after = Date.now() + days * DAY_MS;
  const id = newId();
  const certificate: Certificate = {
    id,
    name,
    kind,
    subject: `CN=${hosts[0] ?? name}`,
    issuer,
    hosts,
    fingerprint: String(id).padStart(64, "5e"),
    not_before: Date.now(),
    not_after,
    expiry: expiryOf(not_after),
    chain_length: 1,
    issued_locally: issuer === AUTHORITY && kind === "identity",
    used_by: [],
    created_at: Date.now(),
  };
  certificates.push(certificate);
  return certificate;
}

make("shop.test", "identity", ["shop.test", "www.shop.test"], 12, "O=Example, CN=Example issuing authority");
make("partners", "authority", [], 900, "CN=Partners");

const authority = () => certificates.find(({ kind }) => kind === "local_authority");

function makeAuthority(): Certificate {
  return authority() ?? make("local_authority", "local_authority", [], 3_650, AUTHORITY);
}

const usedBy = (name: string) =>
  [...greetings]
    .filter(([address, tls]) => tls.certificates.includes(name) || name === `local ${address}`)
    .map(([address]) => ({ label: `the listener ${address}`, listener: address, api_id: null }));

const seen = (certificate: Certificate): Certificate => ({ ...certificate, used_by: usedBy(certificate.name) });

function listenersInFull(): Listener[] {
  return listeners().map(({ apis: _, ...listener }) => {
    const tls = greetings.get(listener.address) ?? null;
    const names = (tls?.certificates ?? []).map((name) => (name === "local_authority" ? `local ${listener.address}` : name));
    const shown = certificates.filter(({ name }) => names.includes(name));
    return {
      ...listener,
      api_ids: state.apis.filter(({ api }) => api.listen.port === listener.port).map(({ api }) => api.id),
      tls,
      certificates: shown.map(({ id, name, hosts, not_after, expiry }) => ({ id, name, hosts, not_after, expiry })),
      soonest_expiry: shown.length > 0 ? Math.min(...shown.map(({ not_after }) => not_after)) : null,
      uncovered_hosts: [],
      handshake_failures: { count: 0, last_at: null, last_remote: null, last_reason: null },
    };
  });
}

const authorityInFull = (certificate: Certificate): LocalAuthority => ({
  certificate,
  vouches_for: ["localhost", "test", "local", "internal", "home.arpa", "private addresses"],
  issued: certificates.filter(({ issued_locally }) => issued_locally),
  guides: [
    {
      id: "debian",
      title: "Debian and Ubuntu",
      trust: [
        {
          text: "Put it among the authorities of the system.",
          command: "sudo cp gatepost-local-authority.crt /usr/local/share/ca-certificates/",
        },
        { text: "Take it over.", command: "sudo update-ca-certificates" },
      ],
      undo: [{ text: "Take it out.", command: "sudo rm /usr/local/share/ca-certificates/gatepost-local-authority.crt" }],
    },
    { id: "firefox", title: "Firefox", trust: [{ text: "Open Settings, Certificates, Authorities.", command: null }], undo: [] },
  ],
});

function add(input: CertificateInput): Reply {
  if (!input.pkcs12 && !input.certificate?.includes("BEGIN CERTIFICATE"))
    return refuse(422, "invalid", "The certificate was not added.", [{ field: "certificate", message: "is not PEM" }]);
  if (input.key !== undefined && !input.key?.includes("PRIVATE KEY"))
    return refuse(422, "invalid", "The certificate was not added.", [{ field: "key", message: "is not a private key in PEM" }]);
  changed(`Added the certificate ${input.name}`);
  const kind = input.key || input.pkcs12 ? "identity" : "authority";
  return created(make(input.name, kind, kind === "identity" ? [input.name] : [], 365, "CN=Example issuing authority"));
}

/** Deletes what nobody names; says who does otherwise. */
function removeUnused(gone: Certificate[]): Reply {
  const used = gone.find(({ name }) => usedBy(name).length > 0);
  const by = used && usedBy(used.name).map(({ label }) => label);
  if (used) return refuse(409, "taken", `The certificate ${used.name} is used by ${by?.join(", ")}; let them use another first`);
  certificates = certificates.filter((known) => !gone.includes(known));
  return { status: 204 };
}

export const tlsWarnings = (): Warning[] =>
  certificates
    .filter(({ expiry }) => expiry !== "valid")
    .map(({ id, name, not_after }) => ({
      kind: "certificate_expires",
      message: `The certificate ${name} expires in ${Math.floor((not_after - Date.now()) / DAY_MS)} days.`,
      since_ms: null,
      certificate_id: id,
      api_id: null,
    }));

const of = (id: number | undefined) => certificates.find((known) => known.id === id);
const pem = () => ok("-----BEGIN CERTIFICATE-----\nsample\n-----END CERTIFICATE-----\n");

export const tlsRoutes: Record<string, Handler> = {
  "GET /listeners": () => ok(listenersInFull()),
  "PUT /listeners/@/tls": ({ name, body }) => {
    const tls = body as ListenerTls;
    if (tls.certificates.length === 0)
      return refuse(422, "invalid", "The listener was not changed.", [
        { field: "certificates", message: "must name 1 to 100 certificates" },
      ]);
    if (tls.certificates.includes("local_authority")) {
      makeAuthority();
      if (!certificates.some((known) => known.name === `local ${name}`))
        make(`local ${name}`, "identity", ["localhost", "127.0.0.1"], 396, AUTHORITY);
    }
    greetings.set(name, tls);
    changed(`Set the TLS of ${name}`);
    return ok(listenersInFull().find(({ address }) => address === name));
  },
  "DELETE /listeners/@/tls": ({ name }) => {
    greetings.delete(name);
    certificates = certificates.filter((known) => known.name !== `local ${name}`);
    return { status: 204 };
  },

  "GET /certificates": () => ok(certificates.map(seen)),
  "POST /certificates": ({ body }) => add(body as CertificateInput),
  "PUT /certificates/#": ({ ids }) => (of(ids[0]) ? ok(of(ids[0])) : missing()),
  "DELETE /certificates/#": ({ ids }) => {
    const gone = of(ids[0]);
    return gone ? removeUnused([gone]) : missing();
  },
  "GET /certificates/#/chain": pem,

  "GET /local-authority": () => {
    const own = authority();
    return own ? ok(authorityInFull(own)) : missing();
  },
  "POST /local-authority": () => created(authorityInFull(makeAuthority())),
  "DELETE /local-authority": () =>
    removeUnused(certificates.filter(({ kind, issued_locally }) => kind === "local_authority" || issued_locally)),
  "GET /local-authority/certificate": pem,
  "POST /local-authority/certificates": ({ body }) => {
    const { name, hosts } = body as IssueInput;
    const named = hosts ?? ["localhost", "127.0.0.1"];
    return created(make(name ?? named[0] ?? "localhost", "identity", named, 396, AUTHORITY));
  },
};
