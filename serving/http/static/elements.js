// What everything on the page is made of.

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
