// OpenLDAP's server with a few people in it, on ports and in a folder of its own.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { freePort, start } from "./machine.mjs";
import { run } from "./peers.mjs";
import { until } from "./until.mjs";

/** Most systems have it where only root looks. */
const SLAPD = ["/usr/sbin/slapd", "/usr/libexec/slapd", "/usr/lib/slapd"].find(existsSync) ?? "slapd";
/** Debian's and Fedora's folders. */
const SCHEMA = ["/etc/ldap/schema", "/etc/openldap/schema"].find(existsSync);
const MODULES = ["/usr/lib/ldap", "/usr/lib64/openldap"].find(existsSync);

export const BASE = "dc=example,dc=com";
export const PEOPLE = `ou=people,${BASE}`;
export const ACCOUNT = { dn: `cn=gateway,${BASE}`, password: "a service's secret" };

const person = (dn, uid, password) => `dn: ${dn}
objectClass: inetOrgPerson
cn: ${uid}
sn: ${uid}
uid: ${uid}
${password ? `userPassword: ${password}\n` : ""}`;

const ENTRIES = [
  `dn: ${BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n`,
  `dn: ${PEOPLE}\nobjectClass: organizationalUnit\nou: people\n`,
  `dn: ou=far,${PEOPLE}\nobjectClass: organizationalUnit\nou: far\n`,
  `dn: ${ACCOUNT.dn}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\ncn: gateway\nuserPassword: ${ACCOUNT.password}\n`,
  person(`uid=ann,${PEOPLE}`, "ann", "ann's: password"),
  person(`uid=a*(b)\\\\c,${PEOPLE}`, "a*(b)\\c", "odd"),
  person(`cn=one,${PEOPLE}`, "twin", "same"),
  person(`cn=two,${PEOPLE}`, "twin", "same"),
  person(`uid=deep,ou=far,${PEOPLE}`, "deep", "far away"),
  person(`uid=nobody,${PEOPLE}`, "nobody", ""),
].join("\n");

/** Makes the folder and the database. `tls` has the files of a certificate for `localhost`. */
export async function prepareSlapd(dir, tls) {
  mkdirSync(path.join(dir, "db"), { recursive: true });
  const [conf, entries] = ["slapd.conf", "entries.ldif"].map((name) => path.join(dir, name));
  writeFileSync(entries, ENTRIES);
  writeFileSync(
    conf,
    `${["core", "cosine", "inetorgperson"].map((name) => `include ${SCHEMA}/${name}.schema`).join("\n")}
modulepath ${MODULES}
moduleload back_mdb
pidfile ${dir}/slapd.pid
TLSCACertificateFile ${tls.authority}
TLSCertificateFile ${tls.certificate}
TLSCertificateKeyFile ${tls.key}
database mdb
maxsize 16777216
suffix "${BASE}"
directory ${dir}/db
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${ACCOUNT.dn}" read by anonymous auth by * none
`,
  );
  await run(SLAPD, ["-T", "add", "-f", conf, "-l", entries]);
  const [plain, secure] = [await freePort(), await freePort()];
  return {
    plain,
    secure,
    /** Starts the server on its two ports, and waits until it answers there. */
    async start() {
      const server = start(SLAPD, ["-d", "0", "-h", `ldap://127.0.0.1:${plain} ldaps://127.0.0.1:${secure}`, "-f", conf]);
      await until("slapd to listen", () => {
        if (server.exit) throw new Error(`it ended: ${JSON.stringify(server.exit)} ${server.stderr}`);
        return listens(plain);
      });
      return server;
    },
  };
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true) || socket.destroy());
    socket.once("error", () => resolve(false));
  });
}
