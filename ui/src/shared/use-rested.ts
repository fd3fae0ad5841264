import { useEffect, useState } from "react";

/** How long a value must rest before the gateway is asked about it, in milliseconds. */
const REST_MS = 150;

/** A value once it rests: what is typed fast is asked for once. It is compared as JSON. */
export function useRested<T>(value: T): T {
  const [rested, setRested] = useState(value);
  const text = JSON.stringify(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(JSON.parse(text) as T), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}
