import { useEffect, useState } from "react";

/** Work that takes longer than this shows that it runs, and can be cancelled. */
const SLOW_MS = 300;

/** True once `busy` has held for a while; short work never flickers. */
export function useSlow(busy: boolean): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    if (!busy) return setSlow(false);
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, [busy]);
  return slow;
}
