// The booth's desk: time that runs out, what was counted, and cards that sign.
//
// Rules kept here:
// - the time that is left is counted from the gate's clock as the page was told it, not from this one;
// - a card that is held to the reader signs for the one whose card it is;
// - what was typed is never thrown away: a page with typing in it says that there is news, and waits;
// - no order is sent from here.
"use strict";
(() => {
  const due = [...document.querySelectorAll("[data-due]")];
  const begun = performance.now();

  function count() {
    for (const one of due) {
      const leftS = Number(one.dataset.left0) - (performance.now() - begun) / 1000;
      const whole = Math.floor(Math.abs(leftS));
      const text = `${leftS < 0 && whole ? "-" : ""}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
      if (leftS < 0) one.closest(".chip").className = "chip bad";
      one.textContent = leftS < 0 ? `${text} ${one.dataset.over}` : text;
    }
  }
  if (due.length) setInterval(count, 500);

  // --- counted against booked -----------------------------------------------------------------

  function minor(text) {
    const typed = text.normalize("NFKC").replace(/[,\s¥￥]/g, "");
    return /^\d+(\.\d{1,3})?$/.test(typed) ? Number(typed) : NaN;
  }
  function compare(field) {
    const cell = field.closest("tr").querySelector("[data-difference]");
    const counted = minor(field.value), booked = Number(field.dataset.booked);
    cell.replaceChildren();
    if (field.value === "" || Number.isNaN(counted)) return;
    const word = document.createElement("span");
    const by = Math.round((counted - booked) * 1000) / 1000;
    word.className = by === 0 ? "word good" : "word bad";
    word.textContent = by === 0 ? cell.dataset.same : `${by > 0 ? "+" : ""}${by}`;
    cell.append(word);
  }
  for (const field of document.querySelectorAll("[data-booked]")) {
    field.addEventListener("input", () => compare(field));
    compare(field);
  }

  // --- cards that sign ------------------------------------------------------------------------

  // The label tells whose card it is: the one who hands over, or one of those who may take over.
  document.addEventListener("gate:card", (event) => {
    const at = event.target, shown = document.querySelector("[data-presented]");
    if (at.dataset.signed === undefined || !shown) return;
    const label = at.value, form = at.form, to = form.elements.to;
    const taker = [...to.options].find((one) => label && one.dataset.owns === label);
    const mine = form.querySelector("[data-signed=from]");
    const field = label === mine.dataset.owns ? mine : taker ? form.querySelector("[data-signed=to]") : at;
    if (field !== at) {
      field.value = label;
      at.value = "";
      const words = [at, field].map((one) => one.closest(".field").querySelector("[data-card-says]"));
      words[1].textContent = words[0].textContent;
      words[0].textContent = "";
    }
    if (taker) to.value = taker.value;
    form.elements[`presented.${field.dataset.signed}`].value = shown.value;
    const next = [...form.querySelectorAll("[data-signed]")].find((one) => !one.value);
    if (next) next.focus();
  });

  // --- a new card's number --------------------------------------------------------------------

  document.addEventListener("gate:card", (event) => {
    const field = event.target;
    if (field.dataset.number !== undefined && event.detail.credential) field.value = event.detail.credential;
  });

  // --- what another desk, or time, has changed --------------------------------------------------

  const version = document.querySelector("[data-version]");
  let asked = 0, dirty = Boolean(location.search || document.querySelector("main .say:not([hidden]), main .fault")), asking = false;

  async function news() {
    if (!version || asking) return;
    asking = true;
    const waitMs = Math.max(0, 2000 - (performance.now() - asked));
    await new Promise((done) => setTimeout(done, waitMs));
    asked = performance.now();
    asking = false;
    try {
      const answer = await fetch(location.pathname + "/version", {headers: {"X-Fragment": "1", "Accept": "application/json"}});
      if (!answer.ok) return;
      const told = await answer.json();
      if (told.version === version.dataset.version) return;
      if (dirty) document.querySelector("[data-news]").hidden = false;
      else location.replace(location.pathname);
    } catch {
      // The console is away: the frame of the page says so, and the next entry asks again.
    }
  }
  if (version) {
    document.addEventListener("input", () => { dirty = true; });
    document.addEventListener("gate:entry", news);
    document.addEventListener("gate:all", news);
  }

  // --- paper ------------------------------------------------------------------------------------

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
})();
