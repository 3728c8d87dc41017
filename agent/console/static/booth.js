// The booth's desk: time that runs out, what was counted, and cards that sign.
//
// Rules kept here:
// - the time that is left is counted from the gate's clock as the page was told it, not from this one;
// - a card that is held to the reader signs for the side that is next, and the next empty one follows;
// - nothing is sent from here.
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

  document.addEventListener("gate:card", (event) => {
    const field = event.target, way = field.dataset.signed;
    const shown = document.querySelector("[data-presented]");
    if (!way || !shown) return;
    field.form.elements[`presented.${way}`].value = shown.value;
    const next = [...document.querySelectorAll("[data-signed]")].find((one) => !one.value);
    if (next) next.focus();
  });

  // --- a new card's number --------------------------------------------------------------------

  document.addEventListener("gate:card", (event) => {
    const field = event.target;
    if (field.dataset.number !== undefined && event.detail.credential) field.value = event.detail.credential;
  });

  // --- paper ------------------------------------------------------------------------------------

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
})();
