import { messageOf } from "@/api/errors";
import { transport } from "@/api/transport";
import { toast } from "@/shared/ui";

/** Keeps text as a file of the user's. A browser shows that by itself; the window says where it is. */
export async function saveFile(text: string, name: string): Promise<void> {
  try {
    const path = await transport.save(text, name.replaceAll(/[^\w.-]+/g, "-"));
    if (path !== null) toast(`It is saved as ${path}`);
  } catch (failure) {
    toast(`${name} could not be saved: ${messageOf(failure)}`, "error");
  }
}
