// Sends files piece by piece and goes on after a cut; see kiosk/console/uploads.py. Without it the plain form works.
"use strict";
(() => {
  const form = document.getElementById("upload");
  if (!form || !window.fetch || !window.crypto || !crypto.subtle || !Blob.prototype.arrayBuffer) return;
  const files = form.elements.file, button = form.querySelector("button"), list = form.querySelector(".sent");
  const words = form.dataset, PIECE = 2000000;
  const token = () => form.elements.csrf_token.value;
  const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

  class Refused extends Error {}

  function line(file) {
    const item = document.createElement("li"), name = document.createElement("p"), said = document.createElement("p");
    const bar = document.createElement("progress"), done = document.createElement("p");
    name.textContent = file.name;
    name.dir = "auto";
    bar.max = file.size || 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    done.setAttribute("aria-hidden", "true"); // the bar tells it to those who listen, when they ask
    said.setAttribute("role", "status");
    item.append(name, bar, done, said);
    list.append(item);
    return {
      at: (bytes) => {
        bar.value = bytes;
        done.textContent = `${Math.floor((100 * bytes) / bar.max)} %`;
        if (said.textContent) said.textContent = "";
      },
      say: (text) => { said.textContent = text; },
      wrong: (text) => { said.textContent = text; said.className = "problem"; bar.remove(); done.remove(); },
    };
  }

  // The SHA-256 of the digests of all pieces tells the file: whoever chooses it again goes on where it was cut.
  async function digestOf(file) {
    const digests = [];
    for (let at = 0; at < file.size; at += PIECE) {
      digests.push(new Uint8Array(await crypto.subtle.digest("SHA-256", await file.slice(at, at + PIECE).arrayBuffer())));
    }
    const all = new Uint8Array(await crypto.subtle.digest("SHA-256", await new Blob(digests).arrayBuffer()));
    return Array.from(all, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // Asks until the kiosk answers; what it answers for good, and is not good, is Refused in its own words.
  async function ask(address, options, row) {
    for (let wait = 1; ; wait = Math.min(2 * wait, 15)) {
      try {
        const answer = await fetch(address, { ...options, headers: { "X-CSRFToken": token() }, redirect: "error" });
        if (answer.status === 400 || answer.status === 403) throw new Refused(words.out);
        const told = await answer.json().catch(() => null);
        if (told && (answer.ok || answer.status === 409)) return { status: answer.status, ...told };
        if ((answer.status >= 400 && answer.status < 500) || answer.status === 507) {
          throw new Refused((told && told.problem) || words.failed);
        }
      } catch (error) {
        if (error instanceof Refused) throw error;
      }
      row.say(words.again);
      await sleep(wait);
    }
  }

  async function send(file, row) {
    row.say(words.checking);
    const said = new FormData(form);
    said.delete("file");
    said.delete("csrf_token");
    if (files.files.length > 1) said.delete("title");
    said.append("name", file.name);
    said.append("size", file.size);
    said.append("digest", await digestOf(file));
    const begun = await ask(words.begin, { method: "POST", body: said }, row);
    const own = `${words.begin}/${begun.upload}`;
    let here = begun.here;
    for (;;) {
      while (here < file.size) {
        row.at(here);
        const piece = file.slice(here, Math.min(here + begun.piece, file.size));
        here = (await ask(`${own}?at=${here}`, { method: "PATCH", body: piece }, row)).here;
      }
      row.at(here);
      row.say(words.checking);
      const end = await ask(`${own}/finish`, { method: "POST" }, row);
      if (end.status !== 409) return end.url;
      here = end.here;
    }
  }

  form.addEventListener("submit", async (event) => {
    if (!files.files.length) return; // the kiosk says what is missing
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    list.textContent = "";
    const rows = Array.from(files.files, (file) => [file, line(file)]);
    let url = "", wrong = false;
    for (const [file, row] of rows) {
      try {
        url = await send(file, row);
        row.say(words.done);
      } catch (error) {
        wrong = true;
        row.wrong(error instanceof Refused ? error.message : words.failed);
      }
    }
    button.disabled = false;
    if (!wrong && url) location = rows.length > 1 ? location.pathname : url;
  });
})();
