import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import { count } from "@/shared/format";
import { destinations, settings } from "./destinations";

export function Brand() {
  return (
    <svg viewBox="0 0 18 18" fill="none" stroke="currentColor" strokeWidth="1.75" strokeLinecap="round" aria-hidden="true">
      <path d="M4 16V3.2M14 16V3.2M4 6.5h10M4 11.5h10M4 6.5l10 5" />
    </svg>
  );
}

/** The way to every screen. Below 1200 px it folds to icons, whose names stay as tooltips. */
export function Rail() {
  const catalog = useQuery(queries.status()).data?.catalog;
  const counts: Record<string, number | undefined> = { "/apis": catalog?.apis, "/clients": catalog?.clients };
  const item = ({ to, label, short, icon: Icon }: (typeof destinations)[number]) => (
    <Link
      key={to}
      to={to}
      className="rail-item"
      title={label}
      activeProps={{ "aria-current": "page" }}
      activeOptions={{ exact: to === "/", includeSearch: false }}
    >
      <Icon className="i" aria-hidden />
      <span className="words">{short ?? label}</span>
      {counts[to] ? <span className="count">{count(counts[to])}</span> : null}
    </Link>
  );
  return (
    <nav className="rail" aria-label="Main">
      <div className="rail-brand">
        <Brand />
        <span className="words">Gatepost</span>
      </div>
      {destinations.map(item)}
      <div className="grow" />
      {item(settings)}
    </nav>
  );
}
