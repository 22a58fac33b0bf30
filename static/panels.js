// What the panels need beyond htmx: tick all links of a page, count the ticked ones, give up a plan whose dialog was
// closed, and on a phone lead to the panel that was just opened.
(() => {
  "use strict";

  // --- select many
  const boxes = (form, name) => [...form.querySelectorAll(`tbody input[type=checkbox][name="${name}"]`)];
  const count = (form) => {
    const all = form.querySelector("[data-check-all]");
    if (!all) return;
    const every = boxes(form, all.dataset.checkAll);
    const ticked = every.filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === every.length;
    all.indeterminate = ticked > 0 && ticked < every.length;
    const said = form.querySelector("[data-count-checked]");
    if (said) said.textContent = String(ticked);
  };
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!box.matches?.("input[type=checkbox]") || !box.form?.matches(".rows-form")) return;
    if (box.dataset.checkAll) boxes(box.form, box.dataset.checkAll).forEach((each) => { each.checked = box.checked; });
    count(box.form);
  });
  document.addEventListener("reset", (event) => {
    if (event.target.matches(".rows-form")) setTimeout(() => count(event.target));
  });
  const countAll = () => document.querySelectorAll(".rows-form").forEach(count);
  document.addEventListener("DOMContentLoaded", countAll);
  document.addEventListener("htmx:after:swap", () => {
    // ticks that say what the server has stored: after an answer they are what it says, not what was clicked
    document.querySelectorAll("[data-follows-server] input[type=checkbox]").forEach((box) => { box.checked = box.defaultChecked; });
    countAll();
  });

  // --- a plan nobody looks at any more is given up
  document.addEventListener("close", (event) => {
    const url = event.target.querySelector?.("[data-preview]")?.dataset.preview;
    const token = document.querySelector("meta[name=csrf-token]")?.content;
    if (url) fetch(url, { method: "POST", headers: { "X-CSRFToken": token, "HX-Request": "true" }, keepalive: true });
  }, true);

  // --- a row that becomes the selected one is brought into sight, once: a poll never scrolls against a person
  const shown = {};
  const showPicked = () => {
    if (matchMedia("(max-width: 62rem)").matches) return;
    for (const row of document.querySelectorAll(".console .scroll tr.picked")) {
      const panel = row.closest("section").id;
      if (shown[panel] !== row.id) row.scrollIntoView({ block: "nearest" });
      shown[panel] = row.id;
    }
  };
  document.addEventListener("DOMContentLoaded", showPicked);
  document.addEventListener("htmx:after:swap", showPicked);

  // --- one column: what was opened lies further down
  document.addEventListener("htmx:after:swap", (event) => {
    const source = event.detail.ctx?.sourceElement;
    if (!source?.matches?.(".row-link") || !matchMedia("(max-width: 62rem)").matches) return;
    const opened = document.querySelector(source.closest(".links") ? ".folder" : ".server");
    opened?.scrollIntoView({ block: "start" });
  });

  // --- a link that is there to be copied: all of it is marked as soon as it is touched
  document.addEventListener("focusin", (event) => { if (event.target.matches?.("[data-select-all]")) event.target.select(); });
})();
