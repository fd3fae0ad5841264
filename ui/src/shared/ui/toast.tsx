import { Toast } from "@base-ui/react/toast";
import { CircleAlert, CircleCheck, X } from "lucide-react";
import { IconButton } from "./button";

const toasts = Toast.createToastManager();

/** Says at the foot of the window that something was done, or failed. Failures stay twice as long. */
export function toast(message: string, kind: "done" | "error" = "done"): void {
  toasts.add({ title: message, type: kind, timeout: kind === "error" ? 10_000 : 5_000 });
}

export function Toasts() {
  return (
    <Toast.Provider toastManager={toasts} limit={3}>
      <Toast.Portal>
        <Toast.Viewport className="toasts">
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function ToastList() {
  return Toast.useToastManager().toasts.map((item) => (
    <Toast.Root key={item.id} toast={item} className="toast-item">
      {item.type === "error" ? <CircleAlert className="i c5" aria-hidden /> : <CircleCheck className="i c2" aria-hidden />}
      <Toast.Title className="grow" render={<div />} />
      <Toast.Close render={<IconButton icon={X} label="Dismiss" />} />
    </Toast.Root>
  ));
}
