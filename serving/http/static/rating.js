// What somebody says of a movie: that they have seen it, how they liked it, and that they take it back.
import { element, splitTitle, titleOf } from "./elements.js";

const STARS = [1, 2, 3, 4, 5];

/** "Seen it" and five stars; `add` is told the movie and, from a star, the rating. */
export function seenIt(movie, add) {
  const [name] = splitTitle(movie.movie_title, movie.release_year);
  const label = `Seen it: add ${name} to the movies they have seen`;
  return element("div", { class: "seen-it" },
    element("button", { type: "button", "aria-label": label, onclick: () => add(movie) }, "Seen it"),
    starBar(`Rate ${name}`, (rating) => add(movie, rating)));
}

/** One stop of the Tab key, in which the arrows lead from star to star, after the ARIA toolbar pattern. */
function starBar(label, rate) {
  const stars = STARS.map((rating) => element("button", {
    type: "button", tabindex: rating === 1 ? 0 : -1, "aria-label": rating === 1 ? "1 star" : `${rating} stars`, onclick: () => rate(rating),
  }, "★"));
  const last = stars.length - 1;
  const move = (event) => {
    const here = stars.indexOf(event.target);
    const places = { ArrowRight: Math.min(here + 1, last), ArrowLeft: Math.max(here - 1, 0), Home: 0, End: last };
    const next = stars[places[event.key]];
    if (!next) return;
    event.preventDefault();
    for (const star of stars) star.tabIndex = star === next ? 0 : -1;
    next.focus();
  };
  return element("div", { class: "stars", role: "toolbar", "aria-label": label, onkeydown: move }, ...stars);
}

/** Items of a list of rated movies, newest first; `change` is told a movie and its other rating, `drop` one that goes. */
export function ratedItems(movies, { change, drop }) {
  return [...movies].reverse().map((movie) => {
    const [name] = splitTitle(movie.movie_title, movie.release_year);
    const choices = [...STARS].reverse().map((value) => element("option", { value, selected: value === movie.rating }, `${value} ★`));
    if (!movie.rating) choices.unshift(element("option", { value: "", selected: true }, "seen"));
    const rerate = (event) => change(movie, Number(event.target.value) || undefined);
    return element("li", {}, titleOf(movie),
      element("select", { "aria-label": `Rating of ${name}`, onchange: rerate }, ...choices),
      element("button", { type: "button", "aria-label": `Remove ${name}`, onclick: () => drop(movie) }, "×"));
  });
}
