import { useQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import { ErrorNote } from "@/shared/ui";
import { AuthorityCard } from "./authority-card";
import { CertificatesCard } from "./certificates-card";
import { ListenersCard } from "./listeners-card";

/** How often failed greetings are counted again while they are in sight, in milliseconds. */
const EVERY_MS = 5_000;

/** Where the gateway listens, what it shows there, and the authority of this machine. */
export function TlsTab() {
  const listeners = useQuery({ ...queries.listeners(), refetchInterval: EVERY_MS });
  const certificates = useQuery(queries.certificates());
  const failed = listeners.error ? listeners : certificates.error ? certificates : null;
  return (
    <div className="settings settings-wide">
      {failed && <ErrorNote title="What listens here could not be read" error={failed.error} onRetry={() => void failed.refetch()} />}
      {listeners.data && certificates.data && <ListenersCard listeners={listeners.data} certificates={certificates.data} />}
      {certificates.data && <CertificatesCard certificates={certificates.data} />}
      {certificates.data && <AuthorityCard certificates={certificates.data} />}
    </div>
  );
}
