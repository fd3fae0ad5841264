// Hands on the real window, through Debian's WebKitWebDriver. The same verbs as in chromium.mjs.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { seriousFaults } from "./axe.mjs";
import { says } from "./chromium.mjs";
import { find } from "./find.mjs";
import { pictureOf } from "./framebuffer.mjs";
import { folder, freePort, GATEPOST, program, shotFile, start } from "./machine.mjs";
import { until } from "./until.mjs";

const WAIT_MS = 10_000;
/** How long the driver may take to end the app. */
const APP_ENDS_MS = 5_000;
/** The key under which WebDriver names an element (W3C WebDriver, section 12). */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const KEYS = { Enter: "\uE007", Escape: "\uE00C", Tab: "\uE004", ArrowUp: "\uE013", ArrowDown: "\uE015", Control: "\uE009" };

/** The app's processes whose home is this folder, by what the kernel says of them. */
function processesAt(home) {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0];
      return environment.includes(`HOME=${home}`) && command === `${GATEPOST}-window`;
    } catch {
      return false; // It ended meanwhile, or is not ours.
    }
  });
}

/** Opens the app's window with a data folder of its own. Needs a display: `cargo xtask test --only window` brings one. */
export async function openWindow({ args = [] } = {}) {
  const home = folder();
  const port = await freePort();
  const inside = (name) => {
    mkdirSync(path.join(home.dir, name));
    return path.join(home.dir, name);
  };
  const driver = start(program("WebKitWebDriver"), [`--port=${port}`, "--host=127.0.0.1"], {
    env: {
      TAURI_WEBVIEW_AUTOMATION: "true",
      // Without a GPU the DMABUF renderer costs memory and start-up time, and screenshots lag a frame.
      WEBKIT_DISABLE_DMABUF_RENDERER: "1",
      HOME: home.dir,
      GATEPOST_DATA_DIR: path.join(home.dir, "gatepost"),
      XDG_DATA_HOME: inside("data"),
      XDG_CONFIG_HOME: inside("config"),
      XDG_CACHE_HOME: inside("cache"),
    },
  });
  const call = async (method, at, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${at}`, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${at}: ${value.error}: ${value.message}`);
    return value;
  };
  const processes = () => processesAt(home.dir);
  const quit = async () => {
    // The driver ends the app a moment after it answered. Ended itself before that, it would leave the app behind.
    await until("the driver to end the app", () => processes().length === 0, APP_ENDS_MS).catch(() =>
      processes().forEach((pid) => process.kill(pid, "SIGKILL")),
    );
    await driver.end();
    home.remove();
  };
  let session;
  const asked = Date.now();
  try {
    await until("WebKitWebDriver to answer", () => call("GET", "/status"), 5000);
    const browser = { "webkitgtk:browserOptions": { binary: GATEPOST, args } };
    const { sessionId } = await call("POST", "/session", { capabilities: { alwaysMatch: browser } });
    session = `/session/${sessionId}`;
  } catch (error) {
    await quit();
    throw new Error(`the window did not open: ${error.message}\n${driver.stderr}`);
  }

  // An asynchronous script answers through its last argument.
  const evaluate = async (script, ...given) => {
    const body = `const done = arguments[arguments.length - 1];
      (async function () { ${script} }).apply(null, Array.prototype.slice.call(arguments, 0, -1))
        .then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const { value, error } = await call("POST", `${session}/execute/async`, { script: body, args: given });
    if (error) throw new Error(error);
    return value;
  };
  const plain = (name) => (name instanceof RegExp ? { source: name.source, flags: name.flags } : name);
  const seek = async (role, name, { within } = {}) => {
    const where = within ? { role: within[0], name: plain(within[1]) } : null;
    const found = await evaluate(`return (${find})(arguments[0], arguments[1], arguments[2])`, role, plain(name), where);
    return found?.[ELEMENT];
  };
  const wait = (role, name, options) => until(`a ${role} called ${name}`, () => seek(role, name, options), WAIT_MS);
  const text = () => evaluate("return document.body.innerText");
  const element = async (method, role, name, what, body, options) =>
    // What is moving or covered for a moment refuses the click: asked again, it takes it.
    until(`to ${what} the ${role} called ${name}`, async () => {
      const id = await seek(role, name, options);
      return id && ((await call(method, `${session}/element/${id}/${what}`, body)), true);
    }, WAIT_MS);

  await call("POST", `${session}/timeouts`, { script: 30_000 });
  return {
    asked,
    evaluate,
    click: (role, name, options) => element("POST", role, name, "click", {}, options),
    fill: async (label, value) => {
      await element("POST", "field", label, "clear", {});
      if (value) await element("POST", "field", label, "value", { text: value });
    },
    choose: async (label, option) => {
      await wait("field", label);
      await evaluate(
        `const select = (${find})("field", arguments[0]);
         const option = [...select.options].find((known) => known.label === arguments[1]);
         if (!option) throw new Error("there is no option " + arguments[1] + " among " + [...select.options].map((o) => o.label));
         Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, "value").set.call(select, option.value);
         select.dispatchEvent(new Event("change", { bubbles: true }));`,
        plain(label),
        option,
      );
    },
    press: (chord) => {
      const keys = chord.split("+").map((key) => KEYS[key] ?? key);
      const actions = [
        ...keys.map((value) => ({ type: "keyDown", value })),
        ...keys.toReversed().map((value) => ({ type: "keyUp", value })),
      ];
      return call("POST", `${session}/actions`, { actions: [{ type: "key", id: "keyboard", actions }] });
    },
    has: async (role, name, options) => Boolean(await seek(role, name, options)),
    see: wait,
    text,
    go: (screen) => evaluate("location.hash = arguments[0]", screen),
    read: (phrase, ms = WAIT_MS) =>
      until(`the window to say ${phrase}`, async () => says(await text(), phrase), ms).catch(async (error) => {
        throw new Error(`${error.message}\nIt says:\n${await text()}`);
      }),
    theme: async (theme) => {
      await evaluate("document.documentElement.dataset.theme = arguments[0]", theme);
    },
    /** Does nothing where the display keeps no framebuffer file. */
    shot: async (name) => {
      // Two frames, so that the picture shows what the page is now and not what it was.
      await evaluate("await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
      if (process.env.GATEPOST_FRAMEBUFFER) writeFileSync(shotFile(name), pictureOf(process.env.GATEPOST_FRAMEBUFFER));
    },
    faults: () => seriousFaults(evaluate),
    /** Closes the window and waits until driver and app are gone. */
    close: async () => {
      await call("DELETE", session).catch(() => {});
      await quit();
    },
    dataDir: path.join(home.dir, "gatepost"),
    processes,
  };
}
