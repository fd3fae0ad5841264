// biome-ignore-all lint/a11y/useSemanticElements: rows are placed by hand, which table elements do not allow
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus, and names its active row
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid has the keys
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef } from "react";
import { addedOnTop, move } from "./rows";

export interface VirtualColumn<Row> {
  key: string;
  title: ReactNode;
  /** A CSS grid track: "120px", "minmax(160px, 1fr)". */
  width: string;
  number?: boolean;
  cell: (row: Row) => ReactNode;
}

export interface VirtualTableProps<Row> {
  /** Names the table for screen readers. */
  label: string;
  columns: readonly VirtualColumn<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string | number;
  /** Pixels; default 26. */
  rowHeight?: number;
  selected?: string | number | null;
  /** The selection moved, by click or by keyboard. */
  onSelect?: (row: Row) => void;
  /** A click, or Enter on the selected row. */
  onOpen?: (row: Row) => void;
  /** The last rows came into view: the place to load more. */
  onEndReached?: () => void;
  /** How many rows there are in all, when more can be loaded; -1 when unknown. Default: as many as `rows`. */
  total?: number;
  /** Shown in the place of the rows when there are none. */
  empty?: ReactNode;
  /** Shown after the last row, e.g. that older rows are loading. */
  footer?: ReactNode;
}

const HEAD_HEIGHT = 29;
const OVERSCAN = 12;
const NEAR_THE_END = 20;

/** Words in the place of rows: to a screen reader they are a row too, for a grid has nothing else. */
function Words({ children, fill }: { children: ReactNode; fill?: boolean }) {
  return (
    <div role="rowgroup" className={fill ? "vtable-words fill" : "vtable-words"}>
      <div role="row">
        <div role="gridcell">{children}</div>
      </div>
    </div>
  );
}

/** A list of any length of which only what is in sight is in the document; rows added on top do not move what is being read. */
export function VirtualTable<Row>({
  label,
  columns,
  rows,
  rowKey,
  rowHeight = 26,
  selected = null,
  onSelect,
  onOpen,
  onEndReached,
  total,
  empty,
  footer,
}: VirtualTableProps<Row>) {
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    scrollMargin: HEAD_HEIGHT,
    scrollPaddingStart: HEAD_HEIGHT,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : rowKey(row);
    },
  });
  const items = virtual.getVirtualItems();
  const selected_index = selected === null ? -1 : rows.findIndex((row) => rowKey(row) === selected);

  // WebKitGTK has no overflow-anchor: a list that grows on top keeps its place by itself.
  const top_key = useRef<string | number | null>(null);
  useLayoutEffect(() => {
    const element = scroller.current;
    const added = addedOnTop(rows.map(rowKey), top_key.current);
    if (element && added > 0 && element.scrollTop > 0) element.scrollTop += added * rowHeight;
    top_key.current = rows[0] === undefined ? null : rowKey(rows[0]);
  }, [rows, rowKey, rowHeight]);

  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= rows.length - NEAR_THE_END) onEndReached?.();
  }, [last, rows.length, onEndReached]);

  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" && selected_index >= 0) {
      const row = rows[selected_index];
      if (row !== undefined) onOpen?.(row);
      event.preventDefault();
      return;
    }
    const next = move(event.key, selected_index, rows.length, page);
    if (next === null) return;
    event.preventDefault();
    const row = rows[next];
    if (row === undefined) return;
    onSelect?.(row);
    virtual.scrollToIndex(next, { align: "auto" });
  };

  const tracks = columns.map((column) => column.width).join(" ");
  const in_sight = items.some((item) => item.index === selected_index);
  return (
    <div
      className="vtable"
      ref={scroller}
      role="grid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={total === undefined ? rows.length + 1 : total < 0 ? -1 : total + 1}
      aria-colcount={columns.length}
      aria-activedescendant={in_sight ? `${id}-${selected_index}` : undefined}
      onKeyDown={onKeyDown}
    >
      <div className="vtable-head" role="rowgroup" style={{ height: HEAD_HEIGHT }}>
        <div className="vrow" role="row" aria-rowindex={1} style={{ gridTemplateColumns: tracks }}>
          {columns.map((column) => (
            <div key={column.key} role="columnheader" className={column.number ? "num" : undefined}>
              {column.title}
            </div>
          ))}
        </div>
      </div>
      {rows.length === 0 && empty && <Words fill>{empty}</Words>}
      <div className="vtable-rows" role="rowgroup" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            <div
              key={item.key}
              id={`${id}-${item.index}`}
              className="vrow"
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={item.index === selected_index}
              style={{ gridTemplateColumns: tracks, height: rowHeight, transform: `translateY(${item.start - HEAD_HEIGHT}px)` }}
              onClick={() => {
                onSelect?.(row);
                onOpen?.(row);
              }}
            >
              {columns.map((column) => (
                <div key={column.key} role="gridcell" className={column.number ? "num" : undefined}>
                  {column.cell(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
      {footer && <Words>{footer}</Words>}
    </div>
  );
}
