import { KeyRound } from "lucide-react";
import type { Credential } from "@/api/types";
import { CopyButton } from "@/shared/ui";

/** A client ID and its secret, as they were just issued: the moment to copy them. */
export function IssuedSecret({ credential }: { credential: Credential }) {
  const secret = credential.client_secret ?? "";
  return (
    <div className="issued">
      <div className="row small">
        <KeyRound className="i i-s c2" aria-hidden />
        <span className="strong">Copy the secret now.</span>
        <span className="t2">Later it can be revealed on this client's page.</span>
      </div>
      <dl>
        <div>
          <dt>Client ID</dt>
          <dd>
            <span className="mono">{credential.client_id}</span>
            <CopyButton text={credential.client_id} label="Copy the client ID">
              Copy
            </CopyButton>
          </dd>
        </div>
        <div>
          <dt>Client secret</dt>
          <dd>
            <span className="mono">{secret}</span>
            <CopyButton text={secret} label="Copy the client secret">
              Copy
            </CopyButton>
          </dd>
        </div>
      </dl>
    </div>
  );
}
