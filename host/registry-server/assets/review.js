// Owns signing a review in the browser. Without it, or where the browser cannot, the page says how the command does it.
import { able, kept, make } from "./keys.js";
import { keyNumber, publicLine, sign } from "./minisign.js";

const form = document.getElementById("review");
const words = document.getElementById("key-words");
const { registry, plugin, author, now } = form?.dataset ?? {};
const opened = performance.now();

if (form && (await able())) {
  form.hidden = false;
  document.querySelector("#by-command + p").textContent = "The command signs with a key that it keeps for you:";
  const pair = await kept(registry, author);
  words.textContent = pair
    ? `Signed with this browser’s key ${keyNumber(pair)}.`
    : "A key is made for it, which stays in this browser. Clearing the site’s data removes it.";
}

const statement = async (pair, type, body, comment) => {
  const text = JSON.stringify({ type, body });
  return JSON.stringify({ document: text, signatures: [await sign(pair, text, comment)] });
};

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button.primary");
  button.disabled = true;
  try {
    const pair = (await kept(registry, author)) ?? (await make(registry, author));
    const key = publicLine(pair);
    const [chosen] = document.getElementById("version").selectedOptions;
    const review = {
      registry,
      plugin,
      version: chosen.value,
      package: chosen.dataset.package,
      author,
      stars: Number(new FormData(form).get("stars")),
      text: document.getElementById("text").value.trim(),
      // By the server's clock, as this machine's may be wrong.
      written: Number(now) + Math.floor((performance.now() - opened) / 1000),
    };
    if (new TextEncoder().encode(review.text).length > 4000) throw new Error("The text is longer than 4000 bytes. Shorten it.");
    form.elements.key.value = key;
    form.elements.proof.value = await statement(pair, "hal9-reviewer-key", { registry, account: author, key }, "reviewer key");
    form.elements.signed.value = await statement(pair, "hal9-review", review, `review of ${plugin} ${review.version}`);
    form.submit();
  } catch (error) {
    button.disabled = false;
    words.textContent = `It could not be signed: ${error.message}`;
  }
});
