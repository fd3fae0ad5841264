/** A diagonal hatch as a canvas fill: refused calls are told apart by more than their colour. */
export function hatch(context: CanvasRenderingContext2D, line: string, ground: string): CanvasPattern | string {
  const ratio = Math.max(1, Math.round(devicePixelRatio));
  const side = 6 * ratio;
  const tile = document.createElement("canvas");
  tile.width = side;
  tile.height = side;
  const pen = tile.getContext("2d");
  if (!pen) return line;
  pen.fillStyle = ground;
  pen.fillRect(0, 0, side, side);
  pen.strokeStyle = line;
  pen.lineWidth = 2 * ratio;
  pen.lineCap = "square";
  for (const shift of [-side, 0, side]) {
    pen.beginPath();
    pen.moveTo(shift, side);
    pen.lineTo(shift + side, 0);
    pen.stroke();
  }
  return context.createPattern(tile, "repeat") ?? line;
}
