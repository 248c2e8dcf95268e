// Fills in what the phone's own clock says; whoever types another time is believed instead.
"use strict";
(() => {
  const form = document.getElementById("compare");
  if (!form) return;
  const typed = form.elements.typed;
  let own = true;
  const two = (number) => String(number).padStart(2, "0");
  const now = new Date();
  typed.value = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}T${two(now.getHours())}:${two(now.getMinutes())}`;
  typed.addEventListener("input", () => { own = false; });
  form.addEventListener("submit", () => { form.elements.instant.value = own ? Date.now() : ""; });
})();
