// A picture of the whole display, read from the framebuffer file that Xvfb keeps (-fbdir), an XWD file.
// WebDriver's own screenshot of the window does not come back in WebKitGTK 2.50.

import { readFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";

/** Offsets of 32-bit big-endian fields in an XWD header (X11/XWDFile.h). */
const XWD = { headerSize: 0, width: 16, height: 20, bitsPerPixel: 44, bytesPerLine: 48, colours: 76 };
const BYTES_PER_COLOUR = 12;

/** The display as a PNG. */
export function pictureOf(file) {
  const xwd = readFileSync(file);
  const field = (name) => xwd.readUInt32BE(XWD[name]);
  if (field("bitsPerPixel") !== 32) throw new Error(`${file} has ${field("bitsPerPixel")} bits a pixel, not 32`);
  const [width, height] = [field("width"), field("height")];
  const pixels = field("headerSize") + field("colours") * BYTES_PER_COLOUR;
  // Each line of a PNG begins with its filter, 0 for none.
  const lines = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = pixels + y * field("bytesPerLine") + x * 4;
      const to = y * (1 + width * 3) + 1 + x * 3;
      lines[to] = xwd[from + 2];
      lines[to + 1] = xwd[from + 1];
      lines[to + 2] = xwd[from];
    }
  }
  return png(width, height, lines);
}

function png(width, height, lines) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8); // 8 bits, RGB, and the only methods there are
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", deflateSync(lines)), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const size = Buffer.alloc(4);
  const check = Buffer.alloc(4);
  size.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([size, body, check]);
}
