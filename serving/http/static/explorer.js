// The page: asks /api, keeps what is asked in the address, so that a view can be shared.
import { api } from "./api.js";
import { combobox } from "./combobox.js";
import { element, splitTitle, stars, titleOf } from "./elements.js";
import { ratedItems } from "./rating.js";
import { column, focusCard, focusedCard, problem } from "./render.js";

const $ = (id) => document.getElementById(id);
const SHOWN = 12;
const state = { models: [], chosen: new Set(), mode: "user", user: "", picked: [], genres: new Set(), seen: [], all: false, since: new Map() };
let turn = 0;

const first = () => state.models[0];
const path = (rest) => `models/${encodeURIComponent(first().name)}/${rest}`;
/** What the shown person has been said to have seen, oldest first: by a user in this session, by others altogether. */
const said = () => (state.mode === "user" ? (state.since.get(state.user) ?? []) : state.picked);
const diversity = () => Number($("diversity").value);
const year = (id) => ($(id).value === "" ? null : Number($(id).value));

function question(model) {
  const movies = said().map(({ movie_id, rating }) => ({ movie_id, rating }));
  const who = state.mode === "user" ? { user_id: state.user, events: movies } : { history: movies };
  return { model, ...who, k: Number($("count").value), genres: [...state.genres], year_from: year("year-from"), year_to: year("year-to"), diversity: diversity() };
}

async function ask() {
  save();
  const mine = ++turn;
  const ready = state.mode === "user" ? state.user : state.picked.length;
  if (!ready) return invite();
  for (const shown of document.querySelectorAll(".column")) shown.setAttribute("aria-busy", "true");
  const models = state.models.filter((model) => state.chosen.has(model.name));
  const answers = await Promise.all(models.map((model) => api("recommend", question(model.name)).catch((error) => error)));
  if (mine !== turn) return;
  show(models, answers);
}

/** Whom the lists are for, and what changes them. */
function about() {
  const who = state.mode === "user"
    ? `user ${state.user}${state.seen.length ? `, who has rated ${movieCount(state.seen)}` : ""}`
    : `somebody who has seen ${state.picked.length === 1 ? "this movie" : `these ${state.picked.length} movies`}`;
  $("about").textContent = `What to show next to ${who}. Mark a movie as seen or rate it, and the lists follow at once.`;
}

function invite() {
  $("columns").replaceChildren();
  $("about").textContent = "";
  if (state.mode === "movies") $("status").textContent = "Pick one or more movies to begin.";
  else if (!first().users) $("status").textContent = "Type a user's id to begin.";
  else $("status").replaceChildren("Pick a user to begin, or ", element("button", { type: "button", onclick: anybody }, "try a random user"));
}

async function anybody() {
  const users = await api(path("users?limit=100"));
  await chooseUser(users[Math.floor(Math.random() * users.length)].user_id);
}

/** The user whose history is of middle length: somebody to begin with. */
async function somebody() {
  const users = await api(path("users?limit=100"));
  users.sort((one, other) => one.movies - other.movies);
  await chooseUser(users[Math.floor(users.length / 2)].user_id);
}

function show(models, answers) {
  const lists = answers.filter((answer) => !(answer instanceof Error)).map((answer) => answer.recommendations);
  const inEvery = (id) => lists.every((list) => list.some((movie) => movie.movie_id === id));
  const inAll = new Set(lists.length > 1 ? lists[0].map((movie) => movie.movie_id).filter(inEvery) : []);
  const card = focusedCard();
  const undoing = $("status").contains(document.activeElement);
  about();
  const other = answers.findIndex((answer) => !(answer instanceof Error));
  $("columns").replaceChildren(...answers.map((answer, place) => {
    const model = models[place];
    if (answer instanceof Error) return problem(model.name, label(model), answer.message);
    const against = place === other ? null : { name: models[other].name, list: answers[other].recommendations };
    return column(answer, label({ ...model, version: answer.version }), { inAll, add, against });
  }));
  const counts = answers.map((answer, place) => `${answer.recommendations?.length ?? "no answer"} from ${models[place].name}`);
  $("status").replaceChildren(`${counts.join(", ")}${lists.length > 1 ? `; ${inAll.size} in all` : ""}. `, ...undo());
  if (card) focusCard(card, $("results"));
  else if (undoing) ($("status").querySelector("button") ?? $("results")).focus();
}

/** How many movies have been added, and a button that takes back the last. */
function undo() {
  const movies = said();
  if (!movies.length) return [];
  const last = movies[movies.length - 1];
  const where = state.mode === "user" ? "added in this session" : "in their history";
  const label = `Undo ${splitTitle(last.movie_title, last.release_year)[0]}`;
  return [`${movieCount(movies)} ${where}. `, element("button", { type: "button", "aria-label": label, onclick: () => drop(last) }, "Undo")];
}

const movieCount = ({ length }) => `${length} ${length === 1 ? "movie" : "movies"}`;

function label(model) {
  const ndcg = model.metrics["ndcg@10"];
  return `version ${model.version}${ndcg === undefined ? "" : ` · nDCG@10 ${ndcg.toFixed(3)}`}`;
}

async function chooseUser(userId) {
  state.user = userId;
  state.all = false;
  $("history-search").value = "";
  $("user").value = userId;
  state.seen = [];
  const asking = ask();
  if (first().users) {
    const { history } = await api(path(`users/${encodeURIComponent(userId)}`)).catch(() => ({ history: [] }));
    if (state.user === userId) state.seen = history;
  }
  showHistory();
  if (state.mode === "user" && state.user === userId && $("columns").childElementCount) about();
  showSaid();
  await asking;
}

function showHistory() {
  const wanted = $("history-search").value.toLowerCase();
  const latest = [...state.seen].reverse();
  const found = latest.filter((movie) => titleOf(movie).toLowerCase().includes(wanted));
  $("history").hidden = state.mode !== "user" || !latest.length;
  $("history-title").textContent = `Their own history: ${movieCount(latest)}`;
  $("history-search").hidden = latest.length <= SHOWN;
  $("history-list").replaceChildren(...found.slice(0, state.all ? undefined : SHOWN).map((movie) =>
    element("li", {}, element("span", {}, titleOf(movie)), element("small", { "aria-label": `rated ${movie.rating}` }, stars(movie.rating)))));
  if (!found.length && latest.length) $("history-list").append(element("li", {}, "No such title."));
  $("history-more").hidden = found.length <= SHOWN;
  $("history-more").textContent = state.all ? "Show fewer" : `Show all ${found.length}`;
}

function pick(movie) {
  $("movie").value = "";
  add(movie);
}

/** Puts a movie at the end of what the shown person has seen. */
function add(movie, rating) {
  const before = said().find((other) => other.movie_id === movie.movie_id);
  const usual = state.mode === "user" ? undefined : 5;
  tell([...said().filter((other) => other !== before), { ...movie, rating: rating ?? before?.rating ?? usual }]);
}

function drop(movie) {
  tell(said().filter((other) => other !== movie));
}

/** Other movies of the shown person, oldest first: shown, and asked with at once. */
function tell(movies) {
  if (state.mode === "user") state.since.set(state.user, movies);
  else state.picked = movies;
  showSaid();
  ask();
}

function showSaid() {
  const movies = said();
  const list = $(state.mode === "user" ? "since-list" : "picked");
  const removed = list.contains(document.activeElement) && document.activeElement.tagName === "BUTTON";
  list.replaceChildren(...ratedItems(movies, {
    change: (movie, rating) => { movie.rating = rating; ask(); },
    drop,
  }));
  $("since").hidden = state.mode !== "user" || !movies.length;
  $("since-title").textContent = `Added in this session: ${movieCount(movies)}`;
  if (removed) (list.querySelector("button") ?? $(state.mode === "user" ? "results" : "movie")).focus();
}

function showMode() {
  $("user-side").hidden = state.mode !== "user";
  $("movies-side").hidden = state.mode !== "movies";
  document.querySelector(`[name=mode][value=${state.mode}]`).checked = true;
  showHistory();
  showSaid();
}

function pill(group, text, checked, change) {
  const box = element("input", { type: "checkbox", value: text, onchange: change });
  box.checked = checked;
  $(group).append(element("label", {}, box, element("span", {}, text)));
}

function toggle(set, value, on) {
  if (on) set.add(value);
  else set.delete(value);
}

function showFilters() {
  const years = Number(year("year-from") !== null) + Number(year("year-to") !== null);
  const count = state.genres.size + years + Number(diversity() > 0);
  $("filter-count").textContent = count ? `(${count})` : "";
  for (const box of document.querySelectorAll("#genres input")) box.checked = state.genres.has(box.value);
}

function refilter() {
  showFilters();
  ask();
}

function save() {
  const words = new URLSearchParams();
  const movies = said().map(({ movie_id, rating }) => `${movie_id}:${rating ?? ""}`).join(",");
  if (state.mode === "user" && state.user) words.set("user", state.user);
  if (state.mode === "movies" || movies) words.set(state.mode === "user" ? "since" : "movies", movies);
  if (state.chosen.size < state.models.length) words.set("models", [...state.chosen].join(","));
  if (state.genres.size) words.set("genres", [...state.genres].join(","));
  for (const id of ["year-from", "year-to"]) if ($(id).value) words.set(id, $(id).value);
  if ($("count").value !== "10") words.set("k", $("count").value);
  if (diversity() > 0) words.set("diversity", $("diversity").value);
  history.replaceState(null, "", words.size ? `?${words}` : location.pathname);
}

async function restore() {
  const words = new URLSearchParams(location.search);
  const list = (name) => (words.get(name) ?? "").split(",").filter(Boolean);
  const names = list("models").filter((name) => state.models.some((model) => model.name === name));
  state.chosen = new Set(names.length ? names : state.models.map((model) => model.name));
  state.genres = new Set(list("genres"));
  for (const id of ["year-from", "year-to"]) $(id).value = words.get(id) ?? "";
  if ([...$("count").options].some((option) => option.value === words.get("k"))) $("count").value = words.get("k");
  $("diversity").value = words.get("diversity") ?? 0;
  state.user = words.get("user") ?? "";
  state.since.set(state.user, await Promise.all(list("since").map(rated)));
  state.picked = await Promise.all(list("movies").map(rated));
  const checked = document.querySelector("[name=mode]:checked").value; // may have been clicked while this was loading
  state.mode = words.has("movies") ? "movies" : words.has("user") ? "user" : checked;
}

/** A movie and its rating from the address. */
async function rated(word) {
  const [movie_id, rating] = word.split(":");
  const [found] = await findMovies(movie_id);
  return { ...(found?.movie_id === movie_id ? found : nameless(movie_id)), rating: Number(rating) || undefined };
}

const nameless = (movie_id) => ({ movie_id, movie_title: movie_id, movie_genres: [], release_year: null });
const findMovies = (text) => (first().movies ? api(path(`movies?limit=12&q=${encodeURIComponent(text)}`)) : Promise.resolve([]));
const findUsers = (text) => (first().users ? api(path(`users?limit=12&q=${encodeURIComponent(text)}`)) : Promise.resolve([]));

function wire() {
  combobox($("user"), $("user-list"), {
    search: findUsers,
    label: (user) => [user.user_id, `${user.movies} movies`],
    pick: (user) => chooseUser(user.user_id),
    free: (text) => ({ user_id: text }),
  });
  combobox($("movie"), $("movie-list"), {
    search: findMovies,
    label: (movie) => splitTitle(movie.movie_title, movie.release_year),
    pick,
    free: first().movies ? undefined : nameless,
  });
  for (const radio of document.querySelectorAll("[name=mode]")) {
    radio.addEventListener("change", () => { state.mode = radio.value; showMode(); ask(); });
  }
  for (const id of ["year-from", "year-to", "diversity"]) $(id).addEventListener("change", refilter);
  $("history-search").addEventListener("input", showHistory);
  $("count").addEventListener("change", ask);
  $("history-more").addEventListener("click", () => { state.all = !state.all; showHistory(); });
  $("clear-filters").addEventListener("click", () => {
    state.genres.clear();
    $("year-from").value = $("year-to").value = "";
    $("diversity").value = 0;
    refilter();
  });
  $("question").addEventListener("submit", (event) => event.preventDefault());
}

async function start() {
  state.models = await api("models");
  await restore();
  for (const { name } of state.models) {
    pill("models", name, state.chosen.has(name), (event) => { toggle(state.chosen, name, event.target.checked); ask(); });
  }
  for (const genre of first().genres) {
    pill("genres", genre, state.genres.has(genre), (event) => { toggle(state.genres, genre, event.target.checked); refilter(); });
  }
  $("models-side").hidden = state.models.length < 2;
  $("filters").hidden = !first().movies;
  $("diversity-side").hidden = !first().diverse;
  if (first().years) [$("year-from").placeholder, $("year-to").placeholder] = first().years.map(String);
  if (!first().movies) $("question").append(element("p", { class: "notice" }, "This export has no catalogue: type ids; there are no titles, filters or histories."));
  $("since").open = $("history").open = matchMedia("(min-width: 48.01rem)").matches; // on a phone the answers come first
  wire();
  showMode();
  showFilters();
  if (state.mode === "user" && state.user) await chooseUser(state.user);
  else if (state.mode === "user" && first().users) await somebody();
  else await ask();
}

start().catch((error) => { $("status").replaceChildren(element("span", { role: "alert" }, `The models cannot be reached: ${error.message}`)); });
