/* A panel whose positions were drawn while the site was built: its controls choose the picture and its words. */
"use strict";

for (const form of document.querySelectorAll("form.moving")) {
  const words = JSON.parse(form.querySelector("script").textContent);
  const controls = [...form.querySelectorAll("input, select")];
  const figure = [...document.querySelectorAll("figure")].filter(
    (one) => one.compareDocumentPosition(form) & Node.DOCUMENT_POSITION_FOLLOWING).at(-1);
  const picture = figure.querySelector("img"), caption = figure.querySelector(".caption-text");
  caption.setAttribute("role", "status");
  const show = () => {
    const key = controls.map((control) => control.value).join("-");
    picture.src = `${form.dataset.frames}${key}.webp`;
    picture.alt = words[key];
    caption.textContent = words[key];
    for (const control of controls) {
      if (!control.dataset.words) continue;
      const said = JSON.parse(control.dataset.words)[control.value];
      control.setAttribute("aria-valuetext", said);
      form.querySelector(`output[for="${control.id}"]`).value = said;
    }
  };
  for (const control of controls) control.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
}
