// What the answers look like.

/** An element with attributes and children; text is never read as HTML. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

/** "Godfather, The (1972)" → ["The Godfather", "1972"] */
export function splitTitle(title, year) {
  const found = title.match(/^(.*?)\s*\((\d{4})\)\s*$/);
  const name = (found ? found[1] : title).replace(/^(.*), (The|A|An|La|Le|Les|L'|Il|Das|Der|Die|El)$/, "$2 $1");
  return [name, String(year ?? found?.[2] ?? "")];
}

export function titleOf(movie) {
  const [name, year] = splitTitle(movie.movie_title, movie.release_year);
  return year ? `${name} (${year})` : name;
}

export function stars(rating) {
  return rating === null || rating === undefined ? "" : `${Number(rating.toFixed(1))} ★`;
}

/** One model's answer. `inAll` holds the ids that every model recommends; `add` puts a movie into the history. */
export function column(answer, label, { inAll, add }) {
  const scores = answer.recommendations.map((movie) => movie.score);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const items = answer.recommendations.map((movie) => card(movie, low, high, inAll, add));
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

function card(movie, low, high, inAll, add) {
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
        inAll.has(movie.movie_id) ? element("span", { class: "both" }, "in all") : null),
      reasons(movie.why),
      add ? element("button", { type: "button", onclick: () => add(movie), "aria-label": `Seen it: add ${name} to the movies` }, "Seen it") : null,
    ),
  );
}

function reasons(why) {
  if (!why.length) return null;
  const names = why.flatMap((reason, place) => [place ? " and " : "", element("em", {}, titleOf(reason))]);
  return element("p", { class: "why" }, "like ", ...names);
}

function hue(text) {
  let sum = 7;
  for (const letter of text) sum = (sum * 31 + letter.codePointAt(0)) % 360;
  return sum;
}
