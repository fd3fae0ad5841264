import { Component, type ReactNode } from "react";
import { Button, ErrorNote } from "@/shared/ui";

/** A fault of one screen stays on that screen: the rail and the status bar go on. `at` is where we are; moving on clears the fault. */
export class ErrorBoundary extends Component<{ at: string; children: ReactNode }, { error: unknown; at: string }> {
  state = { error: null as unknown, at: this.props.at };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  static getDerivedStateFromProps(props: { at: string }, state: { at: string }) {
    return props.at === state.at ? null : { at: props.at, error: null };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <main className="view">
        <ErrorNote title="This screen failed" error={this.state.error} />
        <p className="small t2">The gateway itself is not affected. Try again, or go to another screen.</p>
        <div>
          <Button onClick={() => this.setState({ error: null })}>Try again</Button>
        </div>
      </main>
    );
  }
}
