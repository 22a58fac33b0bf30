// What the pages need beyond htmx: theme, dialogs, notices, toasts, the live chip. Runs in <head>, so the theme is set
// before anything is painted. Every page reads and works without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const THEMES = ["system", "light", "dark"];

  // --- theme: remembered in this browser; "system" leaves it to the browser's own setting
  const remembered = () => {
    try { return localStorage.getItem("theme") ?? "system"; } catch { return "system"; }
  };
  const remember = (theme) => {
    try { localStorage.setItem("theme", theme); } catch { /* a private window without storage: for this page only */ }
  };
  const paint = (theme) => {
    if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme;
    root.dataset.themeChoice = theme;
    const button = document.getElementById("theme");
    if (!button) return;
    button.hidden = false;
    button.setAttribute("aria-label", `Theme: ${theme}`);
    button.title = `Theme: ${theme}`;
  };
  const known = (theme) => (THEMES.includes(theme) ? theme : "system");
  paint(known(remembered()));

  // --- notices: into the open dialog if there is one (what lies behind it cannot be reached), else into the page
  const noticeArea = () =>
    document.querySelector("dialog[open] [data-notices]") ?? document.getElementById("notices");
  const notice = (title, advice) => {
    const section = document.createElement("section");
    section.className = "notice bad";
    section.setAttribute("role", "alert");
    const heading = document.createElement("h2");
    heading.textContent = title;
    const words = document.createElement("p");
    words.textContent = advice;
    section.append(heading, words);
    noticeArea().replaceChildren(section);
  };

  // --- toasts: HX-Trigger {"toast": {"text": "..."}}
  const toast = (text) => {
    const box = document.createElement("div");
    box.className = "toast";
    box.textContent = text;
    document.getElementById("toasts").append(box);
    setTimeout(() => box.remove(), 6000);
  };

  // --- the live chip says whether the panels follow the server
  const live = (isLive) => {
    const chip = document.getElementById("live");
    if (!chip) return;
    const text = isLive ? "Live" : "No connection";
    chip.hidden = false;
    if (chip.textContent !== text) chip.textContent = text;
    chip.classList.toggle("ok", isLive);
    chip.classList.toggle("bad", !isLive);
  };
  const isSaidIn = (element) => Boolean(element?.closest?.("#notices, [data-notices]"));
  const asksForItself = (ctx) => ctx?.request?.method === "GET" && ctx.sourceElement === ctx.target;

  // --- dialogs
  const closeDialog = () => document.querySelector("#dialog-host dialog")?.close();
  const openDialog = (element) => {
    const dialog = element.matches?.("dialog[data-modal]") ? element : element.querySelector?.("dialog[data-modal]");
    if (!dialog || dialog.open) return;
    dialog.showModal();
    const first = "form:not([method=dialog]) :is(input:not([type=hidden]), select, textarea, button)";
    (dialog.querySelector("[data-first]") ?? dialog.querySelector(first))?.focus();
  };

  // What an answer says about a form must be seen before it is sent again: the first wrong field takes the focus, else
  // the words above the fields, with the first stored value scrolled into sight.
  const showWhatIsSaid = (form) => {
    const wrong = form.querySelector("[aria-invalid=true]");
    const words = form.querySelector("[role=alert]");
    if (wrong || !words) { wrong?.focus(); return; }
    words.tabIndex = -1;
    words.focus({ preventScroll: true });
    words.scrollIntoView({ block: "nearest" });
    form.querySelector(".stored")?.closest(".field").scrollIntoView({ block: "center" });
  };

  document.addEventListener("DOMContentLoaded", () => {
    paint(known(remembered()));
    document.getElementById("theme")?.addEventListener("click", () => {
      const next = THEMES[(THEMES.indexOf(known(remembered())) + 1) % THEMES.length];
      remember(next);
      paint(next);
    });
    if (!window.htmx) return;
    if (document.querySelector("[hx-trigger]")) live(true);
    htmx.onLoad(openDialog);
  });
  addEventListener("storage", (event) => { if (event.key === "theme") paint(known(remembered())); });

  document.addEventListener("click", (event) => {
    const closer = event.target.closest?.("[data-close]");
    if (!closer?.closest("#dialog-host dialog")) return;
    event.preventDefault();
    closeDialog();
  });
  document.addEventListener("close", (event) => {
    if (event.target.matches?.("#dialog-host dialog")) event.target.remove();
  }, true);
  document.addEventListener("dialog-done", closeDialog);
  document.addEventListener("toast", (event) => toast(event.detail.text));

  // --- a session that ends while a dialog is open: sign in inside it, and what was typed stays
  const who = () => document.querySelector(".who b")?.textContent ?? "";
  document.addEventListener("htmx:before:response", (event) => {
    const { ctx } = event.detail;
    const dialog = document.querySelector("dialog[open]");
    if (ctx.response.status !== 401 || !dialog) return;
    delete ctx.hx.redirect;
    if (dialog.querySelector("[data-sign-in-again]")) event.preventDefault();
  });
  const offersSignIn = (area) => {
    const name = area.querySelector("[data-sign-in-again] [name=username]");
    if (!name || name.value) return false;
    name.value = who();
    area.querySelector("[name=password]").focus();
    return true;
  };
  document.addEventListener("signed-in", ({ detail }) => {
    if (detail.username !== who()) { location.reload(); return; }
    document.querySelector("meta[name=csrf-token]").content = detail.token;
    for (const input of document.querySelectorAll("input[name=csrf_token]")) input.value = detail.token;
    document.querySelector("dialog[open] form:not([method=dialog]) footer button")?.focus();
  });

  // --- htmx
  document.addEventListener("htmx:config:request", (event) => {
    const { request } = event.detail.ctx;
    const token = document.querySelector("meta[name=csrf-token]")?.content;
    if (token && request.method !== "GET") request.headers["X-CSRFToken"] = token;
  });
  document.addEventListener("htmx:after:request", (event) => {
    if (event.detail.ctx?.response) live(![502, 503, 504].includes(event.detail.ctx.response.status));
  });
  document.addEventListener("htmx:before:request", (event) => {
    if (asksForItself(event.detail?.ctx) || isSaidIn(event.detail?.ctx?.sourceElement)) return;
    for (const area of document.querySelectorAll("#notices, [data-notices]")) area.replaceChildren();
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const area = noticeArea();
    const page = document.getElementById("notices");
    if (area !== page && page.childElementCount) area.replaceChildren(...page.childNodes);
    if (offersSignIn(area)) return;
    const form = event.detail.ctx?.sourceElement;
    if (form?.matches?.("dialog[open] form")) showWhatIsSaid(form);
  });
  document.addEventListener("htmx:response:error", (event) => {
    const { ctx } = event.detail;
    if (ctx.response.status < 500 || asksForItself(ctx)) return;
    const answer = new DOMParser().parseFromString(ctx.text ?? "", "text/html").querySelector(".notice");
    if (answer) noticeArea().replaceChildren(document.importNode(answer, true));
    else notice("The console could not answer", "Nothing was changed that you did not see confirmed. Try again in a moment.");
  });
  document.addEventListener("htmx:error", (event) => {
    live(false);
    if (asksForItself(event.detail?.ctx)) return;
    notice("The console does not answer", "Check your connection and try again. What was running goes on at the server.");
  });
})();
