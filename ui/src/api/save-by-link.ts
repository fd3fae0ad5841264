/** Lets the browser save text as a file, wherever it puts downloads. */
export async function saveByLink(text: string, name: string): Promise<null> {
  const address = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  return null;
}
