// What the visitors' pages do beyond a plain form: find while typing, show the fields that a kind
// of visit needs, add lines, say the law about what may not be held.
//
// Rules kept here:
// - every page works without this script; nothing here sends an order;
// - nothing is looked up while an input method composes; an answer to an old question is dropped;
// - what comes from the books is put in as text, never as mark-up.
"use strict";
(() => {
  const WAIT_MS = 250;

  function element(tag, text, style) {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (style) made.className = style;
    return made;
  }

  // Find while typing: <form data-look="/address"> with inputs [data-find] and a [data-found] box.
  function finding(form) {
    const box = form.querySelector("[data-found]");
    if (!box) return;
    let timer = 0, asked = 0, stopped = null;

    function values() {
      const query = new URLSearchParams();
      for (const input of form.querySelectorAll("[data-find]")) {
        if (input.value.trim()) query.set(input.name, input.value.trim());
      }
      const kind = form.querySelector("[name=kind]:checked");
      if (kind) query.set("kind", kind.value);
      return query;
    }

    async function look(field) {
      const query = values(), number = ++asked;
      query.set("field", field);
      if (stopped) stopped.abort();
      stopped = new AbortController();
      try {
        const answer = await fetch(form.dataset.look, {
          method: "POST", body: query, signal: stopped.signal,
          headers: {"X-CSRF-Token": csrf(), "Accept": "application/json"},
        });
        if (number !== asked) return;
        if (!answer.ok) { box.replaceChildren(element("p", box.dataset.unknown, "hint")); return; }
        show(await answer.json());
      } catch (fault) {
        if (fault.name !== "AbortError" && number === asked) {
          box.replaceChildren(element("p", box.dataset.unknown, "hint"));
        }
      }
    }

    function show(found) {
      box.replaceChildren();
      for (const group of found.groups) {
        const part = element("section", "", "found " + (group.tone || ""));
        part.append(element("h3", group.title));
        const list = element("ul");
        for (const item of group.items) list.append(line(item));
        part.append(list);
        box.append(part);
      }
      box.hidden = found.groups.length === 0;
      const despite = form.querySelector("[data-despite]");
      if (despite) {
        const field = despite.querySelector("input");
        despite.hidden = !field.value && !found.groups.some((group) => group.tone === "ban");
      }
    }

    function line(item) {
      const row = element("li");
      let holder = row;
      if (item.href) {
        holder = element("a");
        holder.href = item.href;
      } else if (item.fill) {
        holder = element("button");
        holder.type = "button";
        holder.addEventListener("click", () => fill(item.fill));
      }
      holder.append(element("b", item.title));
      if (item.note) holder.append(element("span", " " + item.note));
      if (holder !== row) row.append(holder);
      return row;
    }

    function fill(known) {
      for (const [name, value] of Object.entries(known)) {
        const inputs = form.querySelectorAll(`[name="${CSS.escape(name)}"]`);
        for (const input of inputs) {
          if (input.type === "radio") input.checked = input.value === value;
          else input.value = value;
        }
        if (inputs.length) inputs[0].dispatchEvent(new Event("change", {bubbles: true}));
      }
      box.replaceChildren();
      box.hidden = true;
      look("");
      const next = [...form.querySelectorAll("input:not([type=hidden]):not([type=radio])")]
        .find((input) => !input.value && input.offsetParent !== null && !input.disabled);
      if (next) next.focus();
    }

    function later(event) {
      const input = event.target;
      if (event.isComposing || !input.matches || !input.matches("[data-find]")) return;
      clearTimeout(timer);
      timer = setTimeout(look, WAIT_MS, input.name);
    }
    form.addEventListener("input", later);
    form.addEventListener("compositionend", later);
    form.addEventListener("found", (event) => look(event.detail || ""));
    if (form.method === "post" && [...values().keys()].some((name) => name !== "kind")) look("");
  }

  function csrf() {
    const field = document.querySelector("[name=csrf]");
    return field ? field.value : "";
  }

  // The fields of a kind: [data-for="company resident"] shows while one of these is chosen.
  function fitting(form) {
    function fit() {
      const chosen = form.querySelector("[name=kind]:checked");
      if (!chosen) return;
      for (const part of form.querySelectorAll("[data-for]")) {
        part.hidden = !part.dataset.for.split(" ").includes(chosen.value);
      }
    }
    form.addEventListener("change", (event) => { if (event.target.name === "kind") fit(); });
    fit();
  }

  // Lines: <div data-lines="deposits"> holds lines and a <template>; a button adds one.
  function growing(table) {
    const blank = table.querySelector("template"), body = table.querySelector("[data-body]");
    const add = table.querySelector("[data-add]");
    if (!blank || !body || !add) return;
    let next = body.children.length;
    add.hidden = false;
    add.addEventListener("click", () => {
      const made = blank.content.cloneNode(true);
      for (const part of made.querySelectorAll("[name], [id], [for], [aria-describedby]")) {
        for (const key of ["name", "id", "for", "aria-describedby"]) {
          const value = part.getAttribute(key);
          if (value) part.setAttribute(key, value.replace("NNN", String(next)));
        }
      }
      next += 1;
      const first = made.querySelector("input, select");
      body.append(made);
      held(body.lastElementChild);
      if (first) first.focus();
    });
    table.addEventListener("click", (event) => {
      const pressed = event.target.closest("[data-remove]");
      if (!pressed) return;
      pressed.closest("[data-line]").remove();
      add.focus();
    });
    for (const line of body.children) held(line);
  }

  // A line of a deposit: money has an amount, a thing has a pocket, and some things the law forbids.
  function held(line) {
    const kind = line.querySelector("[data-kind]");
    if (!kind) return;
    function fit() {
      const option = kind.selectedOptions[0];
      const money = Boolean(option && option.dataset.money);
      const none = !kind.value;
      for (const part of line.querySelectorAll(".money")) part.hidden = none || !money;
      for (const part of line.querySelectorAll(".thing")) part.hidden = none || money;
      for (const part of line.querySelectorAll(".both")) part.hidden = none;
      const law = line.querySelector("[data-law]");
      law.textContent = (option && option.dataset.refused) || "";
      law.hidden = !law.textContent;
      const pocket = line.querySelector("[data-pocket]");
      if (pocket && !money && !none && !pocket.value) pocket.value = free();
    }
    kind.addEventListener("change", fit);
    fit();
  }

  // The lowest pocket that is free and in no other line of this form.
  function free() {
    const table = document.querySelector("[data-free]");
    if (!table) return "";
    const used = new Set([...document.querySelectorAll("[data-pocket]")].map((each) => each.value));
    return table.dataset.free.split(" ").find((pocket) => pocket && !used.has(pocket)) || "";
  }

  // One thing is filtered in the page: [data-filter] hides the [data-row]s without its text.
  function filtering(input) {
    const rows = document.querySelectorAll(input.dataset.filter);
    const none = document.querySelector("[data-none]");
    function sieve() {
      const wanted = input.value.trim().toLowerCase();
      let left = 0;
      for (const row of rows) {
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
        if (!row.hidden) left += 1;
      }
      if (none) none.hidden = left > 0;
    }
    input.addEventListener("input", (event) => { if (!event.isComposing) sieve(); });
    input.addEventListener("compositionend", sieve);
    sieve();
  }

  // Enter goes on to the next field, so that nothing is sent half filled in; the main button of the
  // form is pressed with Ctrl and Enter, or when Enter has come to it.
  function walking(form) {
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
      const main = form.querySelector("[data-main]");
      if (event.ctrlKey) {
        event.preventDefault();
        if (main) form.requestSubmit(main);
        return;
      }
      if (!event.target.matches("input:not([type=checkbox]), select")) return;
      event.preventDefault();
      const stops = [...form.querySelectorAll("input:not([type=hidden]), select, [data-main]")]
        .filter((each) => each.offsetParent !== null && !each.disabled)
        .filter((each) => each.type !== "radio" || each.checked || each === event.target);
      const next = stops[stops.indexOf(event.target) + 1];
      if (next) next.focus();
    });
  }

  // Where the page opens with nothing to type, as at the exit, the same keys press it all the same.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.ctrlKey || event.target !== document.body) return;
    if (document.querySelector("dialog[open]")) return;
    const mains = document.querySelectorAll("form[method=post] [data-main]");
    if (mains.length !== 1) return;
    event.preventDefault();
    mains[0].form.requestSubmit(mains[0]);
  });

  // From a field down into what was found for it, and up and down in there.
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    const box = document.querySelector("[data-found]:not([hidden])");
    if (!box) return;
    const lines = [...box.querySelectorAll("a, button")];
    const here = lines.indexOf(document.activeElement);
    const typing = document.activeElement.matches("[data-find]");
    if (!lines.length || (here < 0 && !(typing && event.key === "ArrowDown"))) return;
    event.preventDefault();
    const there = lines[here + (event.key === "ArrowDown" ? 1 : -1)];
    if (there) there.focus();
  });

  // What is typed is kept by the console (not in the browser), so that nothing is lost when the guard
  // is called away; and nothing is sent off to where nobody answers.
  const KEEP_MS = 400;
  function keeping(form) {
    let timer = 0, typed = form.dataset.typed !== undefined, over = false;

    function keep() {
      clearTimeout(timer);
      if (!typed || over) return;
      navigator.sendBeacon(form.dataset.keep, new URLSearchParams(new FormData(form)));
    }
    function later(event) {
      if (event.isComposing) return;
      typed = true;
      clearTimeout(timer);
      timer = setTimeout(keep, KEEP_MS);
    }
    for (const name of ["input", "change", "compositionend"]) form.addEventListener(name, later);
    form.addEventListener("submit", () => { over = true; clearTimeout(timer); });
    addEventListener("pagehide", keep);
    document.addEventListener("click", (event) => {
      if (event.target.closest("[data-anew]")) over = true;
      else if (event.target.closest("a[href], header button")) keep();
    }, true);
  }

  function careful(form) {
    form.addEventListener("submit", async (event) => {
      if (form.dataset.sure || !document.body.classList.contains("old")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const button = event.submitter, held = form.dataset.held;
      try {
        const answer = await fetch("/csrf", {headers: {"Accept": "application/json"}});
        if (!answer.ok) throw new Error("refused");
        form.dataset.sure = "1";
        if (held) form.dataset.held = held;
        form.requestSubmit(button);
      } catch {
        const box = document.querySelector("[data-says]");
        if (box) box.replaceChildren(element("p", document.body.dataset.lost, "say bad"));
      } finally {
        delete form.dataset.sure;
      }
    }, true);
  }

  // A card at the desk reader in a form that only finds something: it is sent at once.
  function taking(form) {
    form.addEventListener("gate:card", (event) => { if (event.target.value) form.submit(); });
  }

  // Who was tapped at a lane and waits. A page that holds no visit goes there by itself, as long as
  // nothing is being typed; otherwise it only says so.
  function waiting(box) {
    let due = 0;
    const list = box.querySelector("[data-waiting-list]");
    const known = new Set([...list.querySelectorAll("a")].map((each) => each.getAttribute("href")));

    async function ask() {
      due = 0;
      try {
        const answer = await fetch(box.dataset.waiting, {headers: {"X-Fragment": "1"}});
        if (answer.ok) show((await answer.json()).waiting);
      } catch {
        // The console is away: the frame says so, and the next news bring us back here.
      }
    }

    function show(all) {
      const here = location.pathname + location.search;
      const some = all.filter((each) => each.href !== here);
      const fresh = some.filter((each) => !known.has(each.href));
      list.replaceChildren(...some.map((each) => {
        const row = element("li"), link = element("a", each.text);
        link.href = each.href;
        row.append(link);
        return row;
      }));
      box.hidden = some.length === 0;
      for (const each of some) known.add(each.href);
      const at = document.activeElement;
      const typed = at && at.matches("input, select, textarea") && at.value;
      if (fresh.length === 1 && box.dataset.follow !== undefined && !typed) location.assign(fresh[0].href);
    }
    function soon() { if (!due) due = setTimeout(ask, 200); }
    document.addEventListener("gate:entry", soon);
    document.addEventListener("gate:all", soon);
    // What came after this page was made and before it could hear.
    setTimeout(soon, 800);
  }

  function unfolding(link) {
    link.addEventListener("click", (event) => {
      const part = document.querySelector(link.dataset.unfold);
      if (!part) return;
      event.preventDefault();
      part.open = true;
      part.scrollIntoView({block: "start"});
      const first = part.querySelector("input, select");
      if (first) first.focus({preventScroll: true});
    });
  }

  for (const box of document.querySelectorAll("[data-waiting]")) waiting(box);
  for (const link of document.querySelectorAll("[data-unfold]")) unfolding(link);
  for (const form of document.querySelectorAll("form")) {
    if (form.method === "get") taking(form);
    else if (form.dataset.form !== undefined) careful(form);
    if (form.dataset.keep) keeping(form);
    fitting(form);
    if (form.method === "post" && form.querySelector("[data-main]")) walking(form);
    if (form.dataset.look) finding(form);
  }
  for (const table of document.querySelectorAll("[data-lines]")) growing(table);
  for (const input of document.querySelectorAll("[data-filter]")) filtering(input);
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
})();
