// What the pages are made of: elements, how texts, numbers and times are written, light and dark.
"use strict";
const elements = (() => {
  const root = document.documentElement;
  const preferred = matchMedia("(prefers-color-scheme: dark)");

  const look = () => root.dataset.look || (preferred.matches ? "dark" : "light");

  // Draws now, and again when the button or the system changes the look.
  function lookButton(button, draw) {
    const show = () => {
      button.textContent = look() === "dark" ? "Light" : "Dark";
      draw();
    };
    button.addEventListener("click", () => {
      root.dataset.look = look() === "dark" ? "light" : "dark";
      show();
    });
    preferred.addEventListener("change", show);
    show();
  }

  function number(value) {
    if (value === null || value === undefined) return "–";
    const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 1 : 3;
    return value.toLocaleString("en-US", { maximumFractionDigits: digits });
  }

  // UTC, to the minute.
  const clock = (at, withDay = true) =>
    new Date(at).toISOString().slice(withDay ? 0 : 11, 16).replace("T", " ");

  // Texts are only ever text: anyone who may edit a dashboard or add a task can write them.
  function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (name in made) made[name] = value;
      else made.setAttribute(name, value);
    }
    made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
    return made;
  }

  // A long name may be broken after its separators, and nowhere else.
  function breakable(text) {
    const parts = String(text ?? "").split(/(?<=[/:._,&=?@|+])/);
    return parts.flatMap((part, i) => (i ? [element("wbr"), part] : [part]));
  }

  return { breakable, clock, element, look, lookButton, number };
})();
