"""The page in a real browser, where there is one."""

import os
from pathlib import Path

import pytest

from tests.serving.http.http_server import running
from tfrs_lab.serving.http.settings import ServerSettings

playwright = pytest.importorskip("playwright.sync_api")

pytestmark = pytest.mark.slow


@pytest.fixture
def page(browser, server, request):
    """A page that may ask this server only; a script error or a request elsewhere fails the test."""
    options = getattr(request, "param", {})
    context = browser.new_context(base_url=server.url, **options)
    page = context.new_page()
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda asked: asked.url.startswith((server.url, "data:")) or troubles.append(asked.url))
    page.on(
        "console", lambda said: said.type == "error" and "status of 4" not in said.text and troubles.append(said.text)
    )
    yield page
    if "SCREENSHOTS" in os.environ:
        name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
        page.screenshot(path=Path(os.environ["SCREENSHOTS"]) / f"{name}.png", full_page=True)
    context.close()
    assert [trouble for trouble in troubles if "status of 4" not in trouble] == []


def column(page, model):
    return page.get_by_role("region", name=model, exact=True)


def titles(page, model):
    column(page, model).locator("li").first.wait_for()
    return column(page, model).locator("h3").all_inner_texts()


def status(page, text):
    playwright.expect(page.get_by_role("status")).to_contain_text(text)


def test_a_user_is_found_and_picked_with_the_keyboard_alone(page):
    page.goto("/")
    status(page, "5 from recs")
    page.keyboard.press("Tab")
    playwright.expect(page.get_by_role("link", name="Skip to the recommendations")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
    playwright.expect(page.get_by_role("radio", name="a user")).to_be_focused()
    page.keyboard.press("Tab")
    user = page.get_by_role("combobox", name="User")
    playwright.expect(user).to_be_focused()
    page.keyboard.type("2")
    options = page.locator("#user-list").get_by_role("option")
    playwright.expect(options).to_have_text(["21 movies", "421 movies"])
    page.keyboard.press("ArrowDown")
    playwright.expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    assert user.get_attribute("aria-activedescendant") == options.nth(1).get_attribute("id")
    page.keyboard.press("Enter")
    playwright.expect(user).to_have_value("42")
    playwright.expect(options).to_have_count(0)
    status(page, "5 from recs, 5 from reverse, 5 from bare")
    assert titles(page, "recs") == ["Movie 0", "Movie 2", "Movie 5", "Movie 4", "Movie 3"]
    assert titles(page, "reverse") == ["Movie 3", "Movie 4", "Movie 5", "Movie 2", "Movie 0"]
    assert "user=42" in page.url


def test_it_begins_with_somebody_and_says_what_is_shown(page):
    page.goto("/")
    status(page, "from recs")
    about = page.locator("#about")
    playwright.expect(about).to_contain_text("What to show next to user ")
    playwright.expect(about).to_contain_text("who has rated")
    assert "user=" in page.url
    page.get_by_role("radio", name="some movies").check(force=True)
    playwright.expect(about).to_be_empty()
    status(page, "Pick one or more movies to begin")


def test_lists_side_by_side_say_how_ranks_differ(page):
    page.goto("/?user=42&models=recs,reverse")
    assert titles(page, "reverse")[0] == "Movie 3"
    first = column(page, "reverse").locator("li").first
    playwright.expect(first.get_by_role("img", name="4 places above recs")).to_be_visible()
    playwright.expect(column(page, "recs").locator(".moved")).to_have_count(0)


def test_a_model_whose_graph_makes_no_diverse_lists_has_no_slider(page):
    page.goto("/?user=1&models=recs")
    status(page, "5 from recs")
    page.locator("#filters summary").click()
    playwright.expect(page.get_by_label("From year")).to_be_visible()
    playwright.expect(page.get_by_role("slider", name="Diversity")).to_be_hidden()


@pytest.mark.parametrize("page", [{}], indirect=True)
def test_the_slider_asks_for_diverse_lists_and_stands_in_the_address(page):
    """A server whose models can: what the page asks for is looked at."""
    asked = []

    def models(route):
        found = route.fetch().json()
        route.fulfill(json=[{**one, "diverse": True} for one in found])

    def recommend(route):
        asked.append(route.request.post_data_json)
        route.continue_(post_data={**asked[-1], "diversity": 0.0})

    page.route("**/api/models", models)
    page.route("**/api/recommend", recommend)
    page.goto("/?user=1&models=recs")
    status(page, "5 from recs")
    page.locator("#filters summary").click()
    with page.expect_response("**/api/recommend"):
        page.get_by_role("slider", name="Diversity").fill("0.5")
    playwright.expect(page.locator("#filter-count")).to_have_text("(1)")
    assert (asked[0]["diversity"], asked[-1]["diversity"]) == (0, 0.5)
    assert "diversity=0.5" in page.url
    page.get_by_role("button", name="Clear filters").click()
    playwright.expect(page.locator("#filter-count")).to_be_empty()
    assert "diversity" not in page.url


def test_reasons_scores_genres_and_the_own_history(page):
    page.goto("/?user=1&models=recs")
    first = column(page, "recs").locator("li").first
    playwright.expect(first).to_contain_text("1991 · Comedy")
    playwright.expect(first).to_contain_text("0.900")
    playwright.expect(first).to_contain_text("like Movie 0 (1990)")
    playwright.expect(page.locator("#history")).to_contain_text("Their own history: 1 movie")
    playwright.expect(page.locator("#history-list li")).to_have_text(["Movie 0 (1990)4 ★"])


def test_movies_are_picked_rated_extended_and_dropped(page):
    page.goto("/?models=recs")
    page.get_by_role("radio", name="some movies").check(force=True)
    movie = page.get_by_role("combobox", name="Movies they have seen")
    movie.fill("movie 3")
    movie.press("Enter")
    assert titles(page, "recs") == ["Movie 4", "Movie 5", "Movie 2", "Movie 1", "Movie 0"]
    page.get_by_role("button", name="Seen it: add Movie 2 to the movies").click()
    status(page, "4 from recs")
    page.get_by_role("combobox", name="Rating of Movie 3").select_option("1")
    playwright.expect(column(page, "recs").locator("h3").first).to_have_text("Movie 0")
    assert "movies=258%3A1%2C181%3A5" in page.url
    page.reload()  # the address holds all of it
    playwright.expect(column(page, "recs").locator("h3").first).to_have_text("Movie 0")
    page.get_by_role("button", name="Remove Movie 2").click()
    playwright.expect(column(page, "recs").locator("h3").first).to_have_text("Movie 4")


def seen_it(page, movie):
    return page.get_by_role("button", name=f"Seen it: add {movie} to the movies they have seen")


def test_what_a_user_has_seen_since_changes_the_list_at_once_and_can_be_undone(page):
    page.goto("/?user=1&models=recs")
    assert titles(page, "recs") == ["Movie 1", "Movie 2", "Movie 5", "Movie 4", "Movie 3"]
    playwright.expect(page.locator("#since")).to_be_hidden()
    page.get_by_role("toolbar", name="Rate Movie 3").get_by_role("button", name="4 stars").click()
    status(page, "4 from recs. 1 movie added in this session.")
    assert titles(page, "recs") == ["Movie 4", "Movie 5", "Movie 2", "Movie 1"]  # (1, 0) + 4 · (0, 1)
    seen_it(page, "Movie 1").click()
    status(page, "3 from recs. 2 movies added in this session.")
    assert titles(page, "recs") == ["Movie 2", "Movie 5", "Movie 4"]  # (1, 0) + 2 · (0, 1) + 5 · (.9, .1)
    playwright.expect(page.locator("#since-title")).to_have_text("Added in this session: 2 movies")
    items = page.get_by_role("list", name="Added in this session").get_by_role("listitem")
    playwright.expect(items).to_have_count(2)
    playwright.expect(items.first).to_contain_text("Movie 1 (1991)")  # the newest
    playwright.expect(page.get_by_role("combobox", name="Rating of Movie 1")).to_have_value("")
    playwright.expect(page.get_by_role("combobox", name="Rating of Movie 3")).to_have_value("4")
    playwright.expect(page.locator("#history-title")).to_have_text("Their own history: 1 movie")
    page.get_by_role("button", name="Undo Movie 1").click()
    status(page, "4 from recs. 1 movie added in this session.")
    assert titles(page, "recs") == ["Movie 4", "Movie 5", "Movie 2", "Movie 1"]
    page.get_by_role("button", name="Remove Movie 3").click()
    playwright.expect(page.get_by_role("status")).to_have_text("5 from recs. ")
    playwright.expect(page.locator("#since")).to_be_hidden()
    assert titles(page, "recs") == ["Movie 1", "Movie 2", "Movie 5", "Movie 4", "Movie 3"]


def test_what_was_added_belongs_to_its_user_and_stands_in_the_address(page):
    page.goto("/?user=1&models=recs")
    seen_it(page, "Movie 1").click()
    status(page, "1 movie added")
    assert "since=172%3A" in page.url
    user = page.get_by_role("combobox", name="User")
    user.fill("7")
    user.press("Enter")
    status(page, "5 from recs.")
    playwright.expect(page.get_by_role("status")).not_to_contain_text("added")
    user.fill("1")
    user.press("Enter")
    status(page, "4 from recs. 1 movie added")
    page.reload()
    status(page, "4 from recs. 1 movie added")
    playwright.expect(page.locator("#since-list li")).to_contain_text("Movie 1 (1991)")


def test_movies_are_added_and_rated_with_the_keyboard_alone(page):
    page.goto("/?user=1&models=recs")
    seen_it(page, "Movie 2").focus()
    page.keyboard.press("Tab")
    star = page.get_by_role("toolbar", name="Rate Movie 2").get_by_role("button")
    playwright.expect(star.first).to_be_focused()
    for key in ("End", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    playwright.expect(star.nth(3)).to_be_focused()
    page.keyboard.press("Enter")
    status(page, "1 movie added")
    playwright.expect(page.get_by_role("combobox", name="Rating of Movie 2")).to_have_value("4")
    playwright.expect(seen_it(page, "Movie 5")).to_be_focused()  # stands where Movie 2 stood
    page.get_by_role("button", name="Undo Movie 2").focus()
    page.keyboard.press("Space")
    playwright.expect(page.get_by_role("status")).not_to_contain_text("added")
    playwright.expect(page.locator("#results")).to_be_focused()


def test_stars_add_to_a_history_too_with_the_newest_on_top(page):
    page.goto("/?movies=258:5&models=recs")
    page.get_by_role("toolbar", name="Rate Movie 0").get_by_role("button", name="1 star").click()
    status(page, "4 from recs. 2 movies in their history.")
    assert "movies=258%3A5%2C50%3A1" in page.url  # oldest first
    items = page.get_by_role("list", name="Movies picked").get_by_role("listitem")
    assert [text.split(" (")[0] for text in items.all_inner_texts()] == ["Movie 0", "Movie 3"]
    page.get_by_role("button", name="Undo Movie 0").click()
    status(page, "5 from recs. 1 movie in their history.")


def test_a_model_that_takes_no_events_says_so_beside_the_others(browser, exports):
    directories = {name: exports / name for name in ("good", "before")}
    with running(directories, ServerSettings()) as started:
        page = browser.new_page(base_url=started.url)
        page.goto("/?user=1")
        column(page, "good").get_by_role("button", name="Seen it: add Movie 1").click()
        playwright.expect(column(page, "before").get_by_role("alert")).to_contain_text("export it again")
        assert titles(page, "good") == ["Movie 2", "Movie 5", "Movie 4", "Movie 3"]
        page.close()


def test_filters(page):
    page.goto("/?user=1&models=recs")
    page.locator("#filters summary").click()
    page.get_by_role("checkbox", name="Comedy").check(force=True)
    status(page, "3 from recs")
    assert titles(page, "recs") == ["Movie 1", "Movie 5", "Movie 3"]
    page.get_by_label("From year").fill("1992")
    page.get_by_label("to year").fill("1994")
    page.get_by_label("to year").press("Tab")
    status(page, "1 from recs")
    assert titles(page, "recs") == ["Movie 3"]
    page.get_by_label("to year").fill("1992")
    page.get_by_label("to year").press("Tab")
    playwright.expect(column(page, "recs")).to_contain_text("Nothing passes these filters.")
    page.get_by_role("button", name="Clear filters").click()
    status(page, "5 from recs")


def test_models_are_switched_on_and_off(page):
    page.goto("/?user=1")
    assert titles(page, "bare") == titles(page, "recs")
    page.get_by_role("checkbox", name="bare").uncheck(force=True)
    status(page, "5 from recs, 5 from reverse; 5 in all.")
    playwright.expect(column(page, "bare")).to_have_count(0)


def test_the_documentation_asks_no_other_server(page):
    page.goto("/docs")
    playwright.expect(page.get_by_role("heading", name="TFRS Lab")).to_be_visible()


def test_an_unknown_user_is_an_answer_too(page):
    page.goto("/?user=nobody&models=recs")
    playwright.expect(page.get_by_role("alert")).to_contain_text("unknown user 'nobody'")


PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_on_a_phone_in_the_dark(page):
    page.goto("/")
    status(page, "from recs")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    places = [column(page, model).bounding_box() for model in ("recs", "reverse")]
    assert places[0]["y"] + places[0]["height"] <= places[1]["y"]  # one below the other
    assert not page.locator("#history").evaluate("part => part.open")  # the answers come first
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert background == "rgb(22, 20, 18)"
    for control in page.locator("form input[role=combobox], form select, .segments span").all():
        box = control.bounding_box()
        assert box is None or box["height"] >= 40  # wide enough for a thumb
