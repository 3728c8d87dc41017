// The guard's screen in the browser: hears the live feed, sends orders, takes the keys over.
//
// Rules kept here:
// - what is shown comes from the console as a whole fragment; nothing is computed here but ages;
// - an order has the id that its form carries; a second press while it is on its way is the same one;
// - what was heard last has an age: without a beat for 2.5 s, or with a gate that does not answer,
//   the page greys and says since when;
// - keys work on the whole page, but never while a letter is being typed; Enter does nothing dangerous.
"use strict";
(() => {
  const body = document.body;
  const says = document.querySelector("[data-says]");
  const STALE_MS = 2500, HOLD_MS = 1000, TOLD_MS = 8000;

  // --- words and small things ---------------------------------------------------------------

  function say(text, tone, order) {
    const line = document.createElement("p");
    line.className = "say " + (tone || "good");
    line.textContent = text;
    if (order) line.dataset.order = order;
    while (says.children.length > 2) says.firstElementChild.remove();
    says.append(line);
    if (order) settle(line);
    else if (tone !== "bad") setTimeout(() => line.remove(), TOLD_MS);
    return line;
  }

  function typing() {
    const at = document.activeElement;
    return Boolean(at && at.matches("input:not([type=radio]):not([type=checkbox]):not([type=hidden]), textarea, select"));
  }

  function csrf() {
    const field = document.querySelector("input[name=csrf]");
    return field ? field.value : "";
  }

  async function renewCsrf() {
    const answer = await fetch("/csrf", {headers: {"Accept": "application/json"}});
    if (!answer.ok) return false;
    const told = await answer.json();
    for (const field of document.querySelectorAll("input[name=csrf]")) field.value = told.csrf;
    return told;
  }

  // --- the live feed ------------------------------------------------------------------------

  const clock = document.querySelector("[data-clock]");
  const linkWord = document.querySelector("[data-link]");
  const stale = document.querySelector("[data-stale]");
  const staleText = document.querySelector("[data-stale-text]");
  const format = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: body.dataset.zone,
  });
  const clockMark = document.querySelector("[data-clock-mark]");
  const centre = document.querySelector("[data-centre]");
  const centreLeft = document.querySelector("[data-centre-left]");
  let tone = linkWord.classList.contains("bad") ? "bad" : linkWord.classList.contains("wait") ? "wait" : "good", known = null;
  let heardMs = performance.now(), offsetMs = 0, fresh = true, gateSince = 0, down = false;
  // What happened between the making of this page and its first news is asked for with the first beat.
  let sequence = Number(body.dataset.sequence) || 0;

  function beat(told) {
    heardMs = performance.now();
    offsetMs = told.now / 1000 - Date.now();
    fresh = told.fresh;
    gateSince = told.since / 1000;
    tone = told.tone;
    parts(told);
    if (told.sequence > sequence) {
      sequence = told.sequence;
      changed("entry");
    }
    look();
  }

  // What of the gate does not work, and what waits for the centre.
  function parts(told) {
    write(clockMark, told.trusted ? clockMark.dataset.good : clockMark.dataset.bad);
    clockMark.className = "clockmark " + (told.trusted ? "good" : "bad");
    centre.hidden = told.left === null;
    centre.className = "left " + (told.sent ? "good" : "wait");
    write(centreLeft, String(told.left || 0));
    if (known !== null && known !== told.known) changed("link");
    known = told.known;
  }

  function write(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  function look() {
    const silent = performance.now() - heardMs > STALE_MS;
    if (silent) down = true;
    const old = silent || !fresh;
    if (!silent) clock.textContent = format.format(new Date(Date.now() + offsetMs));
    body.classList.toggle("old", old);
    stale.hidden = !old;
    const now = old ? "lost" : tone;
    linkWord.className = "link " + now;
    write(linkWord, linkWord.dataset[now]);
    if (old) {
      const sinceMs = silent ? Date.now() + offsetMs - (performance.now() - heardMs) : gateSince;
      const since = sinceMs ? " " + linkWord.dataset.since + " " + format.format(new Date(sinceMs)) : "";
      const text = (silent ? body.dataset.lost : linkWord.dataset.lost) + since;
      if (staleText.textContent !== text) staleText.textContent = text;
    }
    for (const left of document.querySelectorAll("[data-left]")) left.classList.toggle("over", Number(left.dataset.left) < 0);
  }

  function listen() {
    const source = new EventSource("/events");
    source.addEventListener("open", async () => {
      if (down) {
        down = false;
        try { await renewCsrf(); } catch { return; }
        changed("all");
      }
    });
    source.addEventListener("beat", (event) => beat(JSON.parse(event.data)));
    source.addEventListener("lane", () => { heardMs = performance.now(); changed("lane"); });
    source.addEventListener("entry", (event) => {
      heardMs = performance.now();
      const told = JSON.parse(event.data);
      sequence = Math.max(sequence, told.sequence);
      if (told.duty && told.lane) { wanted(told.lane); sound(CALL); }
      if (told.type === "gate.alarm.raised.v1" || told.type === "gate.emergency.raised.v1") sound(ALARM);
      if (["gate.help.requested.v1", "gate.priority.announced.v1", "gate.call.began.v1"].includes(told.type)) sound(CALL);
      changed("entry");
    });
    source.addEventListener("card", (event) => {
      heardMs = performance.now();
      const told = JSON.parse(event.data);
      sequence = Math.max(sequence, told.sequence);
      changed("entry");
      if (!body.dataset.desk || told.desk === body.dataset.desk) { sound(CARD); shown(told); }
    });
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) setTimeout(listen, 1000); };
    addEventListener("pagehide", () => source.close());
  }

  // --- fragments ----------------------------------------------------------------------------

  const fragments = [...document.querySelectorAll("[data-fragment]")].map((box) => ({box, due: false, busy: false}));

  function changed(what) {
    for (const each of fragments) {
      if (what === "all" || (each.box.dataset.on || "").split(" ").includes(what)) fetchSoon(each);
    }
    document.dispatchEvent(new CustomEvent("gate:" + what));
  }

  function fetchSoon(each) {
    if (each.due) return;
    each.due = true;
    setTimeout(() => refresh(each), each.busy ? 250 : 60);
  }

  async function refresh(each) {
    if (each.busy) { setTimeout(() => refresh(each), 120); return; }
    each.due = false;
    each.busy = true;
    try {
      const answer = await fetch(each.box.dataset.fragment, {headers: {"X-Fragment": "1"}});
      if (answer.ok) swap(each.box, await answer.text());
    } catch {
      // The feed tells that the console is away; the fragment comes when it is back.
    } finally {
      each.busy = false;
    }
  }

  // Put the new text in, part by part: what did not change keeps its focus and its place.
  function swap(box, html) {
    const made = document.createElement("template");
    made.innerHTML = html;
    const token = csrf();
    const fresh = [...made.content.children];
    const same = fresh.length === box.children.length && fresh.every((one, n) => one.id === box.children[n].id);
    if (!same) {
      box.replaceChildren(...fresh);
    } else {
      fresh.forEach((one, n) => renew(box.children[n], one));
    }
    for (const field of box.querySelectorAll("input[name=csrf]")) if (!field.value) field.value = token;
    choose(chosen(), false);
    notices();
  }

  function bare(node) {
    return node.outerHTML.replace(/ value="console-[0-9a-f]{32}"/g, "").replace(/ chosen\b/g, "").replace(/ aria-current="true"/g, "")
      .replace(/name="csrf" value="[^"]*"/g, "");
  }

  function renew(old, fresh) {
    if (bare(old) === bare(fresh)) return;
    const at = document.activeElement;
    const parts = [...fresh.children];
    if (parts.length && parts.every((one) => one.id) && old.children.length === parts.length
        && parts.every((one, n) => one.id === old.children[n].id) && old.tagName === "SECTION") {
      parts.forEach((one, n) => renew(old.children[n], one));
      return;
    }
    if (old.querySelector(".holding, :disabled")) return;
    let again = "";
    if (at && old.contains(at)) {
      again = at === old ? "" : at.dataset.focus ? `[data-focus="${CSS.escape(at.dataset.focus)}"]`
        : at.dataset.inLane ? `[data-in-lane="${at.dataset.inLane}"]` : at.dataset.next !== undefined ? "[data-next]" : "";
      old.replaceWith(fresh);
      const found = again ? fresh.querySelector(again) : fresh;
      if (found) found.focus({preventScroll: true});
    } else {
      const top = old.scrollTop;
      old.replaceWith(fresh);
      fresh.scrollTop = top;
    }
  }

  function notices() {
    const source = document.querySelector("[data-notices-source]");
    const shown = document.querySelector("[data-notices]");
    if (source && shown && shown.textContent !== source.textContent) shown.textContent = source.textContent;
  }

  // --- lanes --------------------------------------------------------------------------------

  function lanes() { return [...document.querySelectorAll("[data-lane-card]")]; }

  function chosen() {
    const kept = sessionStorage.getItem("lane");
    const all = lanes();
    if (all.length && !all.some((one) => one.dataset.laneCard === kept)) return all[0].dataset.laneCard;
    return kept || "";
  }

  function choose(lane, focus) {
    if (!lane) return;
    sessionStorage.setItem("lane", lane);
    let name = sessionStorage.getItem("lane-name") || "";
    for (const one of lanes()) {
      const here = one.dataset.laneCard === lane;
      one.classList.toggle("chosen", here);
      if (here) { one.setAttribute("aria-current", "true"); name = one.dataset.name; }
      else one.removeAttribute("aria-current");
      if (here && focus) one.focus({preventScroll: false});
    }
    sessionStorage.setItem("lane-name", name);
    for (const form of document.querySelectorAll("footer [data-lane-form]")) {
      form.querySelector("[data-lane]").value = lane;
      const word = form.querySelector("[data-lane-name]");
      if (word) word.textContent = name;
    }
  }

  function step(by) {
    const all = lanes();
    if (!all.length) return;
    const at = all.findIndex((one) => one.dataset.laneCard === chosen());
    choose(all[(at + by + all.length) % all.length].dataset.laneCard, true);
  }

  // A tap at a lane needs the guard: it is chosen, and takes the focus unless he is typing.
  function wanted(lane) {
    if (!lanes().length) return;
    const free = !typing() && !document.querySelector("dialog[open]");
    if (!free) return;
    choose(lane, false);
    setTimeout(() => {
      const next = document.querySelector(`[data-lane-card="${CSS.escape(lane)}"] [data-next]`);
      if (next && !typing() && !document.querySelector("dialog[open]")) next.focus();
    }, 400);
  }

  document.addEventListener("focusin", (event) => {
    const card = event.target.closest("[data-lane-card]");
    if (card && card.dataset.laneCard !== chosen()) choose(card.dataset.laneCard, false);
  });
  document.addEventListener("pointerdown", (event) => {
    const card = event.target.closest("[data-lane-card]");
    if (card) choose(card.dataset.laneCard, false);
  });

  // --- dialogs ------------------------------------------------------------------------------

  function open(id, lane) {
    const dialog = document.getElementById(id);
    if (!dialog || dialog.open) return;
    const at = lane || chosen();
    const card = lanes().find((one) => one.dataset.laneCard === at);
    if (at) {
      const name = card ? card.dataset.name : sessionStorage.getItem("lane-name") || at;
      for (const field of dialog.querySelectorAll("[data-lane]")) field.value = at;
      for (const word of dialog.querySelectorAll("[data-lane-name]")) word.textContent = name;
    }
    for (const field of dialog.querySelectorAll("[data-duty-who]")) field.value = card && card.dataset.duty === "lockdown_release" ? card.dataset.who : "";
    for (const field of dialog.querySelectorAll("[data-duty-card]")) field.value = card ? card.dataset.card : "";
    dialog.showModal();
    const first = dialog.querySelector("input[type=radio], a, input:not([type=hidden])");
    if (first) first.focus();
    if (first && first.type === "number") first.select();
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) { event.preventDefault(); open(opener.dataset.opens, opener.dataset.forLane); return; }
    const closer = event.target.closest("[data-closes]");
    if (closer) closer.closest("dialog").close();
    const stepper = event.target.closest("[data-step]");
    if (stepper) stepper.parentElement.querySelector("input").stepUp(Number(stepper.dataset.step));
  });

  // --- orders -------------------------------------------------------------------------------

  async function post(form, submitter, again) {
    const data = new URLSearchParams(new FormData(form, submitter));
    const answer = await fetch(form.getAttribute("action"), {
      method: "POST", body: data, headers: {"Accept": "application/json"},
    });
    const told = await answer.json();
    if (told.status === "lost" && answer.status === 403 && !again) {
      await renewCsrf();
      return post(form, submitter, true);
    }
    return told;
  }

  async function send(form, submitter) {
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    const order = form.querySelector("input[name=order_id]");
    const sent = order ? order.value : "";
    const dialog = form.closest("dialog");
    const work = post(form, submitter);
    if (submitter) submitter.disabled = true;
    try {
      const told = await work;
      if (told.next_order_id && order) order.value = told.next_order_id;
      if (told.goto) { location.assign(told.goto); return; }
      say(told.says, told.tone || "bad", told.status === "unknown" ? told.order_id : "");
      if (dialog && (told.status === "done" || told.status === "unknown")) { dialog.close(); form.reset(); }
    } catch {
      say(body.dataset.unknown, "wait", sent);
    } finally {
      delete form.dataset.busy;
      if (submitter) submitter.disabled = false;
      changed("lane");
    }
  }

  // What is not known yet is asked for until it is.
  async function settle(line) {
    for (let tries = 0; tries < 600 && line.isConnected; tries += 1) {
      await new Promise((done) => setTimeout(done, 1000));
      try {
        const answer = await fetch("/orders/" + encodeURIComponent(line.dataset.order), {headers: {"Accept": "application/json"}});
        if (!answer.ok) continue;
        const told = await answer.json();
        if (told.status === "unknown") continue;
        line.textContent = told.says;
        line.className = "say " + told.tone;
        changed("all");
        if (told.tone === "good") setTimeout(() => line.remove(), TOLD_MS);
        return;
      } catch {
        // The console is away: asked again when it is back.
      }
    }
  }

  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (button && button.dataset.hold !== undefined && form.dataset.held !== "1") {
      event.preventDefault();
      say(body.dataset.held, "wait");
      return;
    }
    delete form.dataset.held;
    if (form.dataset.act !== undefined) {
      event.preventDefault();
      send(form, button);
    } else if (form.dataset.form !== undefined) {
      // A second press while the page is on its way: the same order, and it is sent once.
      if (form.dataset.busy) { event.preventDefault(); return; }
      form.dataset.busy = "1";
      setTimeout(() => { delete form.dataset.busy; }, 5000);
    }
  });
  addEventListener("pageshow", () => { for (const form of document.querySelectorAll("[data-busy]")) delete form.dataset.busy; });

  // --- held buttons -------------------------------------------------------------------------

  let holding = null;
  function hold(button, by) {
    if (holding) return;
    button.classList.add("holding");
    holding = {button, by, timer: setTimeout(() => {
      letGo();
      if (!button.form.reportValidity()) return;
      button.form.dataset.held = "1";
      button.form.requestSubmit(button);
    }, HOLD_MS)};
  }
  function letGo() {
    if (!holding) return;
    clearTimeout(holding.timer);
    holding.button.classList.remove("holding");
    holding = null;
  }
  document.addEventListener("pointerdown", (event) => {
    const button = event.target.closest("button[data-hold]");
    if (button && event.button === 0) hold(button, "pointer");
  });
  for (const name of ["pointerup", "pointercancel", "blur"]) addEventListener(name, letGo);
  document.addEventListener("click", (event) => {
    // The hold itself sends; the click at its end does not.
    const button = event.target.closest("button[data-hold]");
    if (button && event.detail > 0) event.preventDefault();
  });
  document.addEventListener("contextmenu", (event) => { if (holding) event.preventDefault(); });

  // --- keys ---------------------------------------------------------------------------------

  function press(key) {
    const dialog = document.querySelector("dialog[open]");
    if (dialog) return;
    const card = document.querySelector(`[data-lane-card="${CSS.escape(chosen())}"]`);
    const inLane = card && card.querySelector(`[data-in-lane="${key}"]`);
    const next = card && [...card.querySelectorAll("[data-next]")].find((one) => one.textContent.includes(key));
    const found = next || inLane || document.querySelector(`[data-key="${key}"]`);
    if (found) found.click();
  }

  // A key with Shift or Ctrl: what it does at the chosen lane comes first. False: it does nothing.
  function pressWith(key) {
    const all = document.querySelector("dialog[open]") ? [] : [...document.querySelectorAll(`[data-key="${key}"]`)];
    const found = all.find((one) => one.dataset.ofLane === chosen()) || all[0];
    if (found) found.click();
    return Boolean(found);
  }

  addEventListener("keydown", (event) => {
    if (event.isComposing || event.metaKey) return;
    const key = event.key;
    if (event.key === "F9" && event.ctrlKey) {
      event.preventDefault();
      if (!event.repeat) pressWith("Ctrl+F9");
      return;
    }
    if (event.ctrlKey) return;
    if (/^F([1-9]|1[0-2])$/.test(key)) {
      event.preventDefault();
      const held = document.querySelector(`dialog[open] [data-hold-key="${key}"]`);
      if (event.repeat) return;
      if (held) hold(held, key);
      else if (!event.shiftKey || !pressWith("Shift+" + key)) press(key);
      return;
    }
    const dialog = document.querySelector("dialog[open]");
    if (event.target.matches && event.target.matches("button[data-hold]") && (key === "Enter" || key === " ")) {
      event.preventDefault();
      if (!event.repeat) hold(event.target, key);
      return;
    }
    if (typing() || event.altKey) {
      if (key === "Escape" && !dialog && typing()) document.activeElement.blur();
      return;
    }
    if (dialog) {
      const menu = dialog.querySelector(`[data-menu="${CSS.escape(key.toUpperCase())}"]`);
      if (menu) { event.preventDefault(); menu.click(); return; }
      const options = [...dialog.querySelectorAll("[data-numbered] input[type=radio]")];
      const number = Number(key);
      if (number >= 1 && number <= options.length) { event.preventDefault(); options[number - 1].checked = true; options[number - 1].focus(); }
      return;
    }
    if (key === "ArrowLeft" || key === "ArrowRight") {
      if (lanes().length && !event.target.matches("input[type=radio]")) { event.preventDefault(); step(key === "ArrowRight" ? 1 : -1); }
    } else if (key === "Escape" && body.dataset.page !== "gate") {
      location.assign("/");
    }
  });
  addEventListener("keyup", (event) => { if (holding && holding.by === event.key) letGo(); });

  // --- a card at the desk reader --------------------------------------------------------------

  async function shown(told) {
    const presented = document.querySelector("[data-presented]");
    if (presented) presented.value = String(told.sequence);
    const at = document.activeElement;
    const field = at && at.matches("[data-card]") ? at : document.querySelector("main [data-card]");
    if (!field) return;
    let card = told;
    try {
      const answer = body.dataset.signed && await fetch("/desk/card/" + told.sequence, {headers: {"Accept": "application/json"}});
      if (answer && answer.ok) card = await answer.json();
    } catch {
      // The label came with the news; what else is known of the card is missing, and only that.
    }
    field.value = card.card || card.credential || "";
    const word = field.closest(".field") && field.closest(".field").querySelector("[data-card-says]");
    if (word && card.says) word.textContent = card.says;
    field.dispatchEvent(new Event("input", {bubbles: true}));
    field.dispatchEvent(new CustomEvent("gate:card", {bubbles: true, detail: card}));
    const pin = document.querySelector("[data-pin]");
    if (pin) pin.focus();
  }

  // --- light, dark, sounds ------------------------------------------------------------------

  // A row of states behind one button; the chosen one stays with this browser.
  function cycle(name, states, apply) {
    const tool = document.querySelector(`[data-${name}-tool]`);
    let state = localStorage.getItem(name) || states[0];
    if (!states.includes(state)) state = states[0];
    const show = () => {
      if (tool) { tool.title = tool.dataset[state]; tool.setAttribute("aria-label", tool.dataset[state]); }
      apply(state);
    };
    if (tool) tool.addEventListener("click", () => {
      state = states[(states.indexOf(state) + 1) % states.length];
      localStorage.setItem(name, state);
      show();
      if (state !== "off") say(tool.dataset[state], "good");
    });
    show();
  }

  const root = document.documentElement;
  cycle("scheme", ["auto", "light", "dark"], (state) => { root.dataset.scheme = state === "auto" ? root.dataset.hour : state; });

  // Few and different: two rising notes call to a lane, three equal low ones are an alarm.
  const CALL = [660, 880], ALARM = [330, 330, 330], CARD = [990];
  let loud = "on", air = null;
  cycle("sound", ["on", "low", "off"], (state) => { loud = state; });

  function sound(notes) {
    if (loud === "off") return;
    air = air || new AudioContext();
    if (air.state === "suspended") air.resume();
    notes.forEach((hertz, n) => {
      const begins = air.currentTime + n * 0.22;
      const note = air.createOscillator(), level = air.createGain();
      note.frequency.value = hertz;
      level.gain.setValueAtTime(loud === "low" ? 0.03 : 0.2, begins);
      level.gain.exponentialRampToValueAtTime(0.001, begins + 0.2);
      note.connect(level).connect(air.destination);
      note.start(begins);
      note.stop(begins + 0.2);
    });
  }

  document.addEventListener("click", (event) => {
    const line = event.target.closest(".says .say");
    if (line && !line.dataset.order) line.remove();
  });

  // --- begin --------------------------------------------------------------------------------

  for (const dialog of document.querySelectorAll("[data-numbered]")) {
    [...dialog.querySelectorAll(".option span")].forEach((text, n) => { if (n < 9) text.prepend(`${n + 1} `); });
  }
  for (const line of says.querySelectorAll("[data-order]")) settle(line);
  for (const line of says.querySelectorAll(".say.good")) setTimeout(() => line.remove(), TOLD_MS);
  for (const each of fragments) if (each.box.dataset.every) setInterval(() => fetchSoon(each), Number(each.box.dataset.every) * 1000);
  choose(chosen(), false);
  notices();
  listen();
  setInterval(look, 250);
})();
