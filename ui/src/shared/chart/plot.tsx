import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { type ChartTheme, useChartTheme } from "./theme";

export interface PlotProps {
  /** Builds everything but the size. A new function makes a new plot, so keep it stable while only data changes. */
  make: (theme: ChartTheme) => Omit<uPlot.Options, "width" | "height">;
  data: uPlot.AlignedData;
  /** Pixels; left out, the plot fills its parent. */
  height?: number | undefined;
  /** What the chart shows, in words. */
  label: string;
}

const LEAST_WIDTH = 80;
const LEAST_HEIGHT = 60;

/** A uPlot that lives as long as its theme and shape: new data goes in without rebuilding, and it follows its parent's size. */
export function Plot({ make, data, height, label }: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(data);
  latest.current = data;
  const theme = useChartTheme();

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const size = () => ({
      width: Math.max(LEAST_WIDTH, element.clientWidth),
      height: Math.max(LEAST_HEIGHT, element.clientHeight),
    });
    const drawn = new uPlot({ ...make(theme), ...size() }, latest.current, element);
    plot.current = drawn;
    const observer = new ResizeObserver(() => {
      const next = size();
      if (next.width !== drawn.width || next.height !== drawn.height) drawn.setSize(next);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [make, theme]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);

  return (
    <div
      ref={host}
      className={height === undefined ? "plot plot-fill" : "plot"}
      style={height === undefined ? undefined : { height }}
      role="img"
      aria-label={label}
    />
  );
}
