import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { messageOf } from "@/api/errors";
import { Button, IconButton } from "./button";
import { ErrorNote } from "./notes";

type DialogProps = {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  description?: ReactNode;
  children: ReactNode;
  /** Buttons at the foot, the primary one last. */
  foot?: ReactNode;
  width?: number;
};

/** A window over the view. Escape and a click beside it close it; focus returns to where it was. */
export function Dialog({ open, onClose, title, description, children, foot, width = 480 }: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="scrim-fixed" />
        <Base.Popup className="dialog-popup" style={{ width }}>
          <header className="dialog-head">
            <Base.Title className="dialog-title">{title}</Base.Title>
            <Base.Close render={<IconButton icon={X} label="Close" className="push" />} />
          </header>
          {description && <Base.Description className="small t2 dialog-lead">{description}</Base.Description>}
          <div className="dialog-body">{children}</div>
          {foot && <footer className="dialog-foot">{foot}</footer>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

type ConfirmProps = {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  /** What the button says: the act itself, as in "Delete Orders API". */
  act: string;
  onConfirm: () => Promise<unknown>;
};

/** Asks before something that cannot be taken back. Stays open, and says why, when the act fails. */
export function Confirm({ open, onClose, title, children, act, onConfirm }: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const close = () => {
    setError(null);
    onClose();
  };
  const run = async () => {
    setBusy(true);
    try {
      await onConfirm();
      close();
    } catch (failure) {
      setError(messageOf(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      title={title}
      width={420}
      foot={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button look="danger" busy={busy} onClick={run}>
            {act}
          </Button>
        </>
      }
    >
      <div className="t2">{children}</div>
      {error && <ErrorNote title="That did not work" message={error} />}
    </Dialog>
  );
}
