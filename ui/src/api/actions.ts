import { get, post, put, remove } from "./client";
import { deleteAndLeave, renew } from "./query-client";
import type {
  Api,
  ApiInput,
  AppliedPolicy,
  AppliedPolicyInput,
  BurstRequest,
  BurstResult,
  Certificate,
  CertificateContent,
  CertificateInput,
  ClientApp,
  ClientAppInput,
  Contract,
  Credential,
  CredentialInput,
  IssueInput,
  Listener,
  ListenerTls,
  LocalAuthority,
  PolicyCheck,
  PolicyDraft,
  Sample,
  Settings,
  Spec,
  TesterRequest,
  TesterResponse,
} from "./types";

/** Everything an operator can change. Each action renews what it touched before it resolves, so that a screen never shows the old state after it. */
async function renewing<T>(work: Promise<T>, ...roots: string[]): Promise<T> {
  const result = await work;
  await Promise.all(roots.map((root) => renew([root])));
  return result;
}

/** What shows a certificate or is shown by one. */
const TLS = ["certificates", "listeners", "apis", "status"];

/** An API, by number, or all of them: of none, policies are automated. */
export type PolicyOwner = number | null;

const policiesOf = (owner: PolicyOwner): string => (owner === null ? "/automated-policies" : `/apis/${owner}/policies`);

/** What shows applied policies. */
const POLICIES = ["apis", "automated-policies", "status"];

export const actions = {
  /** With `https` its address and port speak TLS from then on; both come about or neither. */
  addApi: (api: ApiInput, https = false) => renewing(post<Api>(https ? "/apis?https=true" : "/apis", api), ...TLS),
  saveApi: (id: number, api: ApiInput) => renewing(put<Api>(`/apis/${id}`, api), "apis", "status"),
  /** `leave` goes to a screen that does without the API. */
  deleteApi: (id: number, leave: () => Promise<unknown>) =>
    renewing(
      deleteAndLeave(["apis", id], () => remove(`/apis/${id}`), leave),
      "apis",
      "status",
      "contracts",
      "clients",
    ),

  setSpec: (api_id: number, text: string) => renewing(put<Spec>(`/apis/${api_id}/spec`, { text }), "apis", "status"),
  readSpec: async (api_id: number) => (await get<{ text: string }>(`/apis/${api_id}/spec/document`)).text,
  removeSpec: (api_id: number) => renewing(remove(`/apis/${api_id}/spec`), "apis", "status"),

  addPolicy: (owner: PolicyOwner, policy: AppliedPolicyInput) => renewing(post<AppliedPolicy>(policiesOf(owner), policy), ...POLICIES),
  savePolicy: (owner: PolicyOwner, id: number, policy: AppliedPolicyInput) =>
    renewing(put<AppliedPolicy>(`${policiesOf(owner)}/${id}`, policy), ...POLICIES),
  /** Several policies of an API at once: all of it comes in force, or nothing. */
  applyPolicyDraft: (api_id: number, draft: PolicyDraft) => renewing(put<AppliedPolicy[]>(policiesOf(api_id), draft), ...POLICIES),
  deletePolicy: (owner: PolicyOwner, id: number) => renewing(remove(`${policiesOf(owner)}/${id}`), ...POLICIES),
  orderPolicies: (owner: PolicyOwner, ids: number[]) =>
    renewing(put<AppliedPolicy[] | null>(`${policiesOf(owner)}-order`, { ids }), ...POLICIES),
  checkPolicy: (owner: PolicyOwner, policy: AppliedPolicyInput, signal?: AbortSignal) =>
    post<PolicyCheck>(`${policiesOf(owner)}/check`, policy, signal),

  addClient: (client: ClientAppInput) => renewing(post<ClientApp>("/clients", client), "clients"),
  saveClient: (id: number, client: ClientAppInput) => renewing(put<ClientApp>(`/clients/${id}`, client), "clients", "contracts"),
  /** `leave` goes to a screen that does without the client app. */
  deleteClient: (id: number, leave: () => Promise<unknown>) =>
    renewing(
      deleteAndLeave(["clients", id], () => remove(`/clients/${id}`), leave),
      "clients",
      "contracts",
      "apis",
    ),
  addCredential: (client_id: number) => renewing(post<Credential>(`/clients/${client_id}/credentials`), "clients"),
  deleteCredential: (client_id: number, id: number) => renewing(remove(`/clients/${client_id}/credentials/${id}`), "clients"),
  changeCredential: (client_id: number, id: number, input: CredentialInput) =>
    renewing(put<Credential>(`/clients/${client_id}/credentials/${id}`, input), "clients"),
  /** `overlap` is how long the secret before is taken, such as `24h`. */
  rotateSecret: (client_id: number, id: number, overlap: string) =>
    renewing(post<Credential>(`/clients/${client_id}/credentials/${id}/rotate`, { overlap }), "clients"),
  forgetPreviousSecret: (client_id: number, id: number) =>
    renewing(remove(`/clients/${client_id}/credentials/${id}/previous-secret`), "clients"),
  revealSecret: (client_id: number, id: number) => post<{ client_secret: string }>(`/clients/${client_id}/credentials/${id}/reveal`),

  addContract: (client_app_id: number, api_id: number) =>
    renewing(post<Contract>("/contracts", { client_app_id, api_id }), "contracts", "clients", "apis"),
  revokeContract: (id: number) => renewing(post<Contract>(`/contracts/${id}/revoke`), "contracts", "clients", "apis"),
  restoreContract: (id: number) => renewing(post<Contract>(`/contracts/${id}/restore`), "contracts", "clients", "apis"),
  deleteContract: (id: number) => renewing(remove(`/contracts/${id}`), "contracts", "clients", "apis"),

  setListenerTls: (address: string, tls: ListenerTls) =>
    renewing(put<Listener>(`/listeners/${encodeURIComponent(address)}/tls`, tls), ...TLS),
  removeListenerTls: (address: string) => renewing(remove(`/listeners/${encodeURIComponent(address)}/tls`), ...TLS),

  addCertificate: (certificate: CertificateInput) => renewing(post<Certificate>("/certificates", certificate), ...TLS),
  replaceCertificate: (id: number, content: CertificateContent) => renewing(put<Certificate>(`/certificates/${id}`, content), ...TLS),
  deleteCertificate: (id: number) => renewing(remove(`/certificates/${id}`), ...TLS),
  /** PEM, without the key. */
  certificateChain: (id: number) => get<string>(`/certificates/${id}/chain`),

  makeLocalAuthority: (domains: string[]) => renewing(post<LocalAuthority>("/local-authority", { domains }), ...TLS),
  removeLocalAuthority: () => renewing(remove("/local-authority"), ...TLS),
  /** PEM, to be trusted. */
  localAuthorityCertificate: () => get<string>("/local-authority/certificate"),
  issueCertificate: (wanted: IssueInput) => renewing(post<Certificate>("/local-authority/certificates", wanted), ...TLS),

  send: (call: TesterRequest, signal?: AbortSignal) => post<TesterResponse>("/tester/send", call, signal),
  burst: (burst: BurstRequest, signal?: AbortSignal) => post<BurstResult>("/tester/burst", burst, signal),

  startSample: () => renewing(post<Sample>("/sample/start"), "status"),
  stopSample: () => renewing(post<Sample>("/sample/stop"), "status"),
  saveSettings: (settings: Settings) => renewing(put<Settings>("/settings", settings), "settings", "status"),
};
