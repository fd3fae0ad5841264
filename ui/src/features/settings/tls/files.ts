/** Hands text to the browser to be saved as a file. */
export function saveFile(text: string, name: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "application/x-pem-file" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name.replaceAll(/[^\w.-]+/g, "-");
  document.body.append(link);
  link.click();
  link.remove();
  URL.revokeObjectURL(address);
}
