// Owns searching while somebody types: it asks for the part of the page that changes and keeps the address. Without it the form does the same.
const form = document.getElementById("search");
const box = document.getElementById("q");
const found = document.getElementById("found");
const said = document.getElementById("said");
let running;
let waiting;

// On a phone most of the filters would stand between the box and what was found.
const narrow = matchMedia("(max-width: 46rem)");
function fold() {
  const filters = found.querySelector(".more-filters");
  if (filters) filters.open = !narrow.matches;
}
fold();
narrow.addEventListener("change", fold);

async function show(address, remember) {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  found.classList.add("waiting");
  try {
    const answer = await fetch(address, { headers: { "X-Fragment": "found" }, signal });
    const html = await answer.text();
    // Too many questions, or none that the server understands as ours: its own page says it better.
    if (!answer.headers.get("content-type")?.startsWith("text/html") || html.includes("<html")) {
      location.assign(address);
      return;
    }
    found.innerHTML = html;
    fold();
    found.dataset.shows = new URL(address, location.href).search;
    said.textContent = document.getElementById("how-many")?.textContent ?? "";
    if (remember === "push") history.pushState(null, "", address);
    if (remember === "replace") history.replaceState(null, "", address);
  } catch (error) {
    if (error.name === "AbortError") return;
    location.assign(address); // The browser says what is wrong with the connection.
  }
  if (!signal.aborted) found.classList.remove("waiting");
}

function address() {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) fields.set(name, value);
  return `/search${fields.size ? `?${fields}` : ""}`;
}

box.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => show(address(), "replace"), 120);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  show(address(), "push");
});

found.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!link || !plain || link.pathname !== "/search") return;
  event.preventDefault();
  const place = [...found.querySelectorAll("a")].indexOf(link);
  show(link.pathname + link.search, "push").then(() => found.querySelectorAll("a")[place]?.focus());
});

addEventListener("popstate", () => {
  box.value = new URLSearchParams(location.search).get("q") ?? "";
  show(location.pathname + location.search, "");
});
