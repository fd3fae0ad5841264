import type uPlot from "uplot";

export interface TooltipRow {
  name: string;
  value: string;
}

const GAP = 12;

function fill(box: HTMLElement, title: string, rows: TooltipRow[]) {
  const head = document.createElement("div");
  head.className = "t";
  head.textContent = title;
  const lines = rows.map((row) => {
    const line = document.createElement("div");
    line.className = "r";
    const name = document.createElement("span");
    name.textContent = row.name;
    const value = document.createElement("b");
    value.textContent = row.value;
    line.append(name, value);
    return line;
  });
  box.replaceChildren(head, ...lines);
}

function place(plot: uPlot, box: HTMLElement, left: number) {
  const room = plot.over.clientWidth;
  const width = box.offsetWidth;
  const beside = left + GAP + width > room ? left - GAP - width : left + GAP;
  box.style.transform = `translate(${Math.max(0, Math.round(beside))}px, 4px)`;
}

/** Shows what `describe` says of the point under the pointer, beside it. */
export function tooltip(describe: (index: number) => { title: string; rows: TooltipRow[] } | null): uPlot.Plugin {
  let box: HTMLElement | null = null;
  return {
    hooks: {
      init: (plot) => {
        box = document.createElement("div");
        box.className = "chart-tip";
        box.hidden = true;
        plot.over.append(box);
      },
      setCursor: (plot) => {
        if (!box) return;
        const index = plot.cursor.idx;
        const left = plot.cursor.left ?? -1;
        const words = index === null || index === undefined || left < 0 ? null : describe(index);
        box.hidden = words === null;
        if (!words) return;
        fill(box, words.title, words.rows);
        place(plot, box, left);
      },
    },
  };
}
