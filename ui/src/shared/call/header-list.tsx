import type { Header } from "@/api/types";

/** Headers in the order they came. */
export function HeaderList({ headers, label }: { headers: readonly Header[]; label: string }) {
  if (headers.length === 0) return <p className="small t3 header-none">No headers.</p>;
  return (
    <dl className="kv header-list" aria-label={label}>
      {headers.map(([name, value], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a header may come twice, and the list never changes
        <div key={`${index}`}>
          <dt className="mono">{name}</dt>
          <dd className="mono" title={value}>
            {value}
          </dd>
        </div>
      ))}
    </dl>
  );
}
