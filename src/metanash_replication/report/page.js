// Finds and unfolds claims. The page is whole without it: the form is hidden, and the browser folds by itself.
"use strict";
(() => {
  const form = document.getElementById("filter");
  const claims = [...document.querySelectorAll("details.claim")];
  const texts = new Map(claims.map((claim) => [claim, claim.textContent.toLowerCase()]));
  const shown = () => claims.filter((claim) => !claim.hidden);

  function filter() {
    const words = form.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const claim of claims) {
      claim.hidden = !(
        (!form.verdict.value || claim.dataset.verdict === form.verdict.value) &&
        (!form.section.value || claim.dataset.section === form.section.value) &&
        words.every((word) => texts.get(claim).includes(word))
      );
    }
    const all = !words.length && !form.verdict.value && !form.section.value;
    for (const topic of document.querySelectorAll("section.topic")) {
      topic.hidden = !all && !topic.querySelector("details.claim:not([hidden])");
      const evidence = topic.querySelector("details.evidence");
      if (evidence) evidence.hidden = !all && topic.id !== `${form.section.value}-section`;
    }
    form.shown.value = `${shown().length} of ${claims.length} claims`;
    unfolds();
    const state = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...state]) if (!value) state.delete(name);
    const hash = [...state].length ? `#?${state}` : "";
    if (hash || location.hash.startsWith("#?")) history.replaceState(null, "", hash || location.pathname + location.search);
  }

  function unfolds() {
    form.unfold.textContent = shown().every((claim) => claim.open) ? "Fold" : "Unfold";
  }

  function restore() {
    if (!location.hash.startsWith("#?")) return reveal();
    const state = new URLSearchParams(location.hash.slice(2));
    for (const name of ["q", "verdict", "section"]) form[name].value = state.get(name) || "";
    filter();
  }

  // A link to something that is folded or filtered away leads there all the same.
  function reveal() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) {
      form.reset();
      filter();
    }
    for (let one = target.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
    target.scrollIntoView();
  }

  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  form.unfold.addEventListener("click", () => {
    const open = !shown().every((claim) => claim.open);
    for (const claim of shown()) claim.open = open;
  });
  for (const claim of claims) claim.addEventListener("toggle", unfolds);
  for (const link of document.querySelectorAll(".counts a")) {
    link.addEventListener("click", () => {
      form.reset();
      form.verdict.value = link.dataset.verdict;
      setTimeout(filter);
    });
  }
  addEventListener("hashchange", restore);

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open]):not(.machine)")];
    for (const one of folded) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of folded) one.open = false;
  });

  if (!location.hash.startsWith("#?")) filter();
  restore();
})();
