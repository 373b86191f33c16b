// What the answers look like.
import { element, splitTitle, titleOf } from "./elements.js";
import { seenIt } from "./rating.js";

/**
 * One model's answer. `inAll` holds the ids that every model recommends; `add` puts a movie, and a rating, into the
 * history; `against` is another model's name and list, null for none.
 */
export function column(answer, label, { inAll, add, against }) {
  const scores = answer.recommendations.map((movie) => movie.score);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const items = answer.recommendations.map((movie) => card(movie, low, high, inAll, add, against && shift(movie, against)));
  return frame(answer.model, label, items.length ? element("ol", { class: "movies" }, ...items) : nothing());
}

export function problem(model, label, message) {
  return frame(model, label, element("p", { role: "alert" }, message));
}

function frame(model, label, content) {
  const heading = element("h2", {}, model);
  return element("section", { class: "column", "aria-label": model }, element("header", {}, heading, element("small", {}, label)), content);
}

function nothing() {
  return element("p", { class: "notice" }, "Nothing passes these filters.");
}

/** How many places a movie is above or below where another model has it. */
function shift(movie, { name, list }) {
  const there = list.find((other) => other.movie_id === movie.movie_id);
  if (!there) return [`not in ${name}`, `${name} does not show it`];
  const up = there.rank - movie.rank;
  if (!up) return [`= ${name}`, `at the same place as in ${name}`];
  return [`${up > 0 ? "▲" : "▼"} ${Math.abs(up)}`, `${Math.abs(up)} ${Math.abs(up) === 1 ? "place" : "places"} ${up > 0 ? "above" : "below"} ${name}`];
}

function card(movie, low, high, inAll, add, moved) {
  const [name, year] = splitTitle(movie.movie_title, movie.release_year);
  const poster = element("div", { class: "poster", "aria-hidden": "true" }, element("b", {}, String(movie.rank)), element("i", {}, year));
  poster.style.setProperty("--hue", hue(movie.movie_genres[0] ?? name));
  const meter = element("meter", { min: 0, max: 1, value: high > low ? 0.08 + (0.92 * (movie.score - low)) / (high - low) : 1, "aria-hidden": "true" });
  return element(
    "li",
    { "data-id": movie.movie_id },
    poster,
    element(
      "div",
      {},
      element("h3", {}, name),
      element("p", {}, [year, movie.movie_genres.join(", ")].filter(Boolean).join(" · ")),
      element("p", { class: "score" }, meter, element("span", { title: "score" }, movie.score.toPrecision(3)),
        inAll.has(movie.movie_id) ? element("span", { class: "both" }, "in all") : null,
        moved ? element("span", { class: "moved", role: "img", "aria-label": moved[1], title: moved[1] }, moved[0]) : null),
      reasons(movie.why),
      seenIt(movie, add),
    ),
  );
}

function reasons(why) {
  if (!why.length) return null;
  const names = why.flatMap((reason, place) => [place ? " and " : "", element("em", {}, titleOf(reason))]);
  return element("p", { class: "why" }, "like ", ...names);
}

/** Which card of which column has the focus, for `focusCard` once the answers are others; null if none has. */
export function focusedCard() {
  const card = document.activeElement?.closest(".movies > li");
  return card && { model: card.closest(".column").getAttribute("aria-label"), row: [...card.parentElement.children].indexOf(card) };
}

/** The card that has taken the place of another, so that the keyboard goes on where it was; else `otherwise`. */
export function focusCard({ model, row }, otherwise) {
  const column = [...document.querySelectorAll(".column")].find((found) => found.getAttribute("aria-label") === model);
  const cards = column?.querySelectorAll(".movies > li") ?? [];
  (cards[Math.min(row, cards.length - 1)]?.querySelector("button") ?? otherwise).focus({ preventScroll: true });
}

function hue(text) {
  let sum = 7;
  for (const letter of text) sum = (sum * 31 + letter.codePointAt(0)) % 360;
  return sum;
}
