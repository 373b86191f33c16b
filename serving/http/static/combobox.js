// A text field with a list of suggestions, after the ARIA combobox pattern: arrows, Enter, Escape, Home and End, pointer.

/**
 * @param {HTMLInputElement} input
 * @param {HTMLElement} list
 * @param {{search: (text: string) => Promise<any[]>, label: (item: any) => [string, string], pick: (item: any) => void,
 *          free?: (text: string) => any}} options `free` makes an item of text that the search does not know.
 */
export function combobox(input, list, { search, label, pick, free }) {
  let items = [];
  let active = -1;
  let turn = 0;
  let timer = 0; // runs while the list is older than the text

  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const choose = (item) => {
    close();
    pick(item);
  };

  const mark = (index) => {
    active = index;
    [...list.children].forEach((child, place) => child.setAttribute("aria-selected", String(place === index)));
    const chosen = list.children[index];
    if (chosen) {
      input.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    }
  };

  const show = async () => {
    clearTimeout(timer);
    timer = 0;
    const mine = ++turn;
    const found = await search(input.value.trim()).catch(() => []);
    if (mine !== turn || document.activeElement !== input) return;
    items = found;
    list.replaceChildren(...items.map((item, place) => option(label(item), `${list.id}-${place}`)));
    list.hidden = !items.length;
    input.setAttribute("aria-expanded", String(Boolean(items.length)));
    mark(items.length && input.value ? 0 : -1);
  };

  const enter = async () => {
    if (!list.hidden && active >= 0 && !timer) return choose(items[active]);
    clearTimeout(timer);
    timer = 0;
    const text = input.value.trim();
    const [first] = await search(text).catch(() => []);
    if (text && first) choose(first);
    else if (text && free) choose(free(text));
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, 120);
  });
  input.addEventListener("focus", () => { input.select(); show(); });
  input.addEventListener("blur", () => { turn++; close(); });
  input.addEventListener("keydown", (event) => {
    const last = items.length - 1;
    const moves = {
      ArrowDown: () => (list.hidden || timer ? show() : mark(active < last ? active + 1 : 0)),
      ArrowUp: () => (list.hidden || timer ? show() : mark(active > 0 ? active - 1 : last)),
      Home: () => !list.hidden && mark(0),
      End: () => !list.hidden && mark(last),
      Enter: enter,
      Escape: close,
    };
    if (!moves[event.key] || (list.hidden && ["Home", "End"].includes(event.key))) return;
    event.preventDefault();
    moves[event.key]();
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // keeps the focus in the field
    const chosen = [...list.children].indexOf(event.target.closest("li"));
    if (chosen >= 0) choose(items[chosen]);
  });
}

function option([text, small], id) {
  const item = document.createElement("li");
  item.id = id;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  const more = document.createElement("small");
  more.textContent = small;
  item.append(text, more);
  return item;
}
