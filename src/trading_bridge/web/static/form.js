// New bot: a name made from the pair until somebody types one, and the first check of a form that came back filled.
(() => {
  "use strict";

  const form = document.getElementById("new-bot");
  if (!form) return;
  const name = form.elements.name, pair = form.elements.pair;
  let own = name.value !== "";

  name.addEventListener("input", () => { own = name.value !== ""; });
  pair.addEventListener("input", suggest);
  function suggest() {
    if (own) return;
    const tokens = pair.value.toUpperCase().match(/^([A-Z0-9]{1,20})[/_-]([A-Z0-9]{2,20})$/);
    name.value = tokens ? tokens[1] + "-" + tokens[2] + " spread" : "";
  }
  suggest(); // somebody may have typed before this file was here

  const bad = form.querySelector('[aria-invalid="true"]');
  if (bad) bad.focus();
  else if (!name.value) (form.elements.account.value ? pair : form.elements.account).focus({ preventScroll: true });
  if (pair.value && window.htmx) window.htmx.trigger(form, "check");
})();
