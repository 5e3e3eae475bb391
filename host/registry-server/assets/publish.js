// Owns dropping files on the page that publishes, and showing how far they are. Without it the files are chosen one by one.
let form;
let drop;
let depth = 0; // A drag enters and leaves every element within.
prepare(document.getElementById("publish"));

addEventListener("dragover", (event) => event.preventDefault());
addEventListener("dragenter", () => drop?.classList.toggle("over", ++depth > 0));
addEventListener("dragleave", () => drop?.classList.toggle("over", --depth > 0));
addEventListener("drop", (event) => {
  event.preventDefault();
  depth = 0;
  drop?.classList.remove("over");
  for (const file of form ? event.dataTransfer.files : []) take(file);
});

function prepare(found) {
  form = found;
  drop = form && document.getElementById("drop");
  if (!form) return;
  drop.classList.add("ready");
  drop.querySelector(".drop-words").hidden = false;
  form.elements.package.addEventListener("change", check);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
}

function put(input, file) {
  const files = new DataTransfer();
  files.items.add(file);
  input.files = files.files;
}

async function take(file) {
  const { package: archive, signature, key } = form.elements;
  if (file.name.endsWith(".minisig")) put(signature, file);
  else if (file.name.endsWith(".hal9")) {
    put(archive, file);
    check();
  } else if (file.name.endsWith(".pub") && file.size < 4096) {
    const line = (await file.text()).split("\n").map((one) => one.trim()).find((one) => one.startsWith("RW"));
    if (line) key.value = line;
  } else tell(`${file.name} is none of the files that this takes.`);
}

function check() {
  const [file] = form.elements.package.files;
  const max = Number(form.dataset.max);
  form.elements.package.setCustomValidity(file && file.size > max ? "This package is larger than this registry takes." : "");
}

function tell(words) {
  document.getElementById("progress").hidden = false;
  document.getElementById("sent-words").textContent = words;
}

function send() {
  const request = new XMLHttpRequest();
  const bar = document.getElementById("sent");
  const button = form.querySelector("button.primary");
  const fail = (words) => {
    button.disabled = false;
    tell(words);
  };
  button.disabled = true;
  tell("");
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = total ? (100 * loaded) / total : 0;
    tell(loaded < total ? `${Math.floor(bar.value)} %` : "Looking at it");
  });
  request.addEventListener("error", () => fail("The connection broke. Try again."));
  request.addEventListener("load", () => {
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const main = page.querySelector("main");
    if (!main) return fail(`The server answered with ${request.status}. Try again.`);
    const files = [form.elements.package.files, form.elements.signature.files];
    document.querySelector("main").replaceWith(main);
    document.title = page.title;
    prepare(document.getElementById("publish"));
    // What was chosen stays chosen where something else has to be mended.
    if (form) [form.elements.package.files, form.elements.signature.files] = files;
    (main.querySelector("[role=alert]") ?? main).focus();
  });
  request.open("POST", form.action);
  request.send(new FormData(form));
}
