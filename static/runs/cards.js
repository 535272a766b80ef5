// Hovering a citation lights its card, and a card its citations. Without us the link still leads there.
"use strict";
(() => {
  let lit = [];
  const light = (elements) => {
    lit.forEach((element) => element.classList.remove("lit"));
    lit = elements;
    lit.forEach((element) => element.classList.add("lit"));
  };
  const pairs = (target) => {
    const link = target.closest?.('a[href^="#source-"]');
    if (link) return [document.getElementById(link.hash.slice(1)), link].filter(Boolean);
    const card = target.closest?.(".source");
    return card ? [card, ...document.querySelectorAll(`a[href="#${card.id}"]`)] : [];
  };
  for (const kind of ["mouseover", "focusin"]) {
    document.addEventListener(kind, (event) => light(pairs(event.target)));
  }
})();
