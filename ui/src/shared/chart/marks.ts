import type uPlot from "uplot";
import type { ChartTheme } from "./theme";

/** A moment to point out, such as a change of the plan. */
export interface Mark {
  at_ms: number;
  label: string;
}

const LABEL_ROOM = 220;
const LEAST_APART = 24;

/** Draws a dotted line at each mark, with the words of the last one that has room. */
export function marksPlugin(theme: ChartTheme, marks: () => readonly Mark[]): uPlot.Plugin {
  return {
    hooks: {
      draw: (plot) => {
        const { ctx, bbox } = plot;
        const ratio = devicePixelRatio;
        const within = marks().filter((mark) => {
          const x = plot.valToPos(mark.at_ms, "x", true);
          return x >= bbox.left && x <= bbox.left + bbox.width;
        });
        ctx.save();
        ctx.strokeStyle = theme.mark;
        ctx.lineWidth = ratio;
        ctx.setLineDash([2 * ratio, 3 * ratio]);
        let previous = Number.NEGATIVE_INFINITY;
        for (const mark of within) {
          const x = Math.round(plot.valToPos(mark.at_ms, "x", true));
          if (x - previous < LEAST_APART * ratio && mark !== within.at(-1)) continue;
          previous = x;
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
        }
        const last = within.at(-1);
        if (last) {
          const x = plot.valToPos(last.at_ms, "x", true);
          const to_the_left = x - bbox.left > LABEL_ROOM * ratio;
          ctx.font = theme.font.replace("11px", `${11 * ratio}px`);
          ctx.textBaseline = "top";
          ctx.textAlign = to_the_left ? "right" : "left";
          const at = x + (to_the_left ? -6 : 6) * ratio;
          ctx.setLineDash([]);
          ctx.lineJoin = "round";
          ctx.lineWidth = 3 * ratio;
          ctx.strokeStyle = theme.card;
          ctx.strokeText(last.label, at, bbox.top);
          ctx.fillStyle = theme.text;
          ctx.fillText(last.label, at, bbox.top);
        }
        ctx.restore();
      },
    },
  };
}
