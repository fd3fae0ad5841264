import { micros } from "@/shared/format";

const FULL_PX = 56;
const LEAST_PX = 2;
/** Slower than this, a bar is marked. */
const SLOW_US = 200_000;
/** The longest bar stands for this and all above. */
const FULL_US = 400_000;

/** Length by the square root of the time, so that microseconds and seconds fit one column. */
export function durationPx(duration_us: number): number {
  return Math.round(Math.min(FULL_PX, Math.max(LEAST_PX, Math.sqrt(duration_us / FULL_US) * FULL_PX)));
}

export function DurationBar({ duration_us }: { duration_us: number }) {
  return (
    <span className="row call-duration">
      <span className="duration-words">{micros(duration_us)}</span>
      <span className={duration_us > SLOW_US ? "dur slow" : "dur"} style={{ width: durationPx(duration_us) }} />
    </span>
  );
}
