// Finds an element as a person or a screen reader would: by role and name. The text of this function runs in the page.

/** The first visible element of a role (`field`: anything one can type in or choose from) with a name; null if none. */
export const find = String(function find(role, name, within) {
  const IMPLICIT = {
    button: "button, summary, input[type=submit]",
    link: "a[href]",
    heading: "h1, h2, h3, h4",
    dialog: "dialog",
    row: "tr",
    img: "img, svg[role=img]",
    complementary: "aside",
    switch: "input[role=switch]",
    field: "input, textarea, select, [role=combobox], [role=textbox], [contenteditable=true]",
    radio: "input[type=radio]",
    navigation: "nav",
    region: "section[aria-label], section[aria-labelledby]",
    table: "table",
  };
  const matches = (said) => {
    if (name === undefined || name === null) return true;
    return typeof name === "string" ? said === name : new RegExp(name.source, name.flags).test(said);
  };
  const flat = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  // What is hidden from assistive technology is in no name; a child's label stands for its content.
  const contentOf = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE || node.getAttribute("aria-hidden") === "true") return "";
    return node.getAttribute("aria-label") ?? `${[...node.childNodes].map(contentOf).join("")} `;
  };
  const nameOf = (element) => {
    const labelled = element.getAttribute("aria-labelledby");
    if (labelled) return flat(labelled.split(/\s+/).map((id) => document.getElementById(id)?.textContent).join(" "));
    if (element.getAttribute("aria-label")) return flat(element.getAttribute("aria-label"));
    if (element.labels?.length) return flat([...element.labels].map((label) => label.textContent).join(" "));
    return flat([...element.childNodes].map(contentOf).join("")) || flat(element.getAttribute("title")) || flat(element.getAttribute("placeholder"));
  };
  const isSeen = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
  const from = within ? find(within.role, within.name, null) : document;
  if (!from) return null;
  const selector = [`[role=${role}]`, IMPLICIT[role]].filter(Boolean).join(", ");
  const fits = (element) =>
    (role === "field" || !element.getAttribute("role") || element.getAttribute("role") === role) && isSeen(element) && matches(nameOf(element));
  return [...from.querySelectorAll(selector)].find(fits) ?? null;
});
