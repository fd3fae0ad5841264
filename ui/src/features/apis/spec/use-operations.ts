import { useQuery } from "@tanstack/react-query";
import type { PolicyOwner } from "@/api/actions";
import { queries } from "@/api/queries";
import type { Operation } from "@/api/types";

const NONE: readonly Operation[] = [];

/** The operations of an API's specification; none where it has none, and for what belongs to all APIs. */
export function useOperations(owner: PolicyOwner): readonly Operation[] {
  const api = useQuery({ ...queries.api(owner ?? 0), enabled: owner !== null }).data;
  const spec = useQuery({ ...queries.spec(owner ?? 0), enabled: api?.has_spec ?? false });
  return spec.data?.operations ?? NONE;
}
