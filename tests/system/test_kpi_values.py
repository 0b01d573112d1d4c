# SPDX-License-Identifier: Apache-2.0
"""Each figure of kpi is what a hand-written count says, and follows every change with the next round."""

import os
import time

import pytest

import database
from database import new_id, now_ms

MATTERMOST = "mattermost_kpi_"
FAMILIES = {
    "posts_total": None,
    "last_post_date": None,
    "last_post_timestamp_seconds": None,
    "channels_total": "type",
    "channels_archived": "type",
    "reactions": None,
    "reaction_total": "emoji",
    "reaction_last_seconds": None,
    "sessions_total": None,
}
VERSIONS = ("5.37", "9.9", "11.6")


def shown(page):
    """What the page has to say, in the shape of Mattermost.truth()."""
    return {
        family: page.by_label(MATTERMOST + family, label) if label else page.value(MATTERMOST + family)
        for family, label in FAMILIES.items()
    }


def same(page, truth):
    seen = shown(page)
    return seen == truth, f"shown {seen}\n true {truth}"


@pytest.fixture(scope="module")
def real_template(postgresql):
    if not os.path.exists(database.REAL_DUMP):
        pytest.skip("no ../shared/real/mattermost-5.37-postgresql.dump beside the source tree")
    return database.real(postgresql, "template_real")


def copy_of(request, postgresql, numbers, version):
    name = f"values_{next(numbers)}"
    if version == "real":
        template = request.getfixturevalue("real_template")
    else:
        template = request.getfixturevalue("templates")(version)
    return database.clone(postgresql, name, template)


def expect_next_round(daemon, source, what):
    page = daemon.next_round()
    # A session of the sample data may expire between the count here and the count there.
    for _ in range(3):
        equal, difference = same(page, source.truth())
        if equal:
            break
        page = daemon.next_round()
    assert equal, f"after {what}: {difference}\n{daemon.log_tail()}"
    assert page.collector("success") == 1


@pytest.mark.parametrize("version", ("real",) + VERSIONS)
def test_every_value_is_a_plain_count(kpi, request, postgresql, numbers, version):
    source = copy_of(request, postgresql, numbers, version)
    daemon = kpi(source).start()
    daemon.wait_until_good()
    expect_next_round(daemon, source, "the start")


@pytest.mark.parametrize("version", ("real",) + VERSIONS)
def test_the_next_round_follows_every_change(kpi, request, postgresql, numbers, version):
    source = copy_of(request, postgresql, numbers, version)
    daemon = kpi(source).start()
    daemon.wait_until_good()
    posts = [new_id("post", number) for number in range(4)]
    soon = now_ms() + 2500
    steps = [
        ("a new post", lambda: source.add_post(posts[0])),
        ("two more posts", lambda: [source.add_post(post) for post in posts[1:3]]),
        ("an imported post of long ago", lambda: source.add_post(posts[3], at=now_ms() - 90 * 86400 * 1000)),
        ("an edit, which leaves a copy", lambda: source.edit_post(posts[0], new_id("copy"))),
        ("a second edit", lambda: source.edit_post(posts[0], new_id("copy", 2))),
        ("a deletion", lambda: source.delete_post(posts[0])),
        ("the newest posts deleted", lambda: [source.delete_post(post) for post in posts[1:3]]),
        ("a reaction", lambda: source.react(posts[3], "zebra")),
        ("the reaction taken back", lambda: source.unreact(posts[3], "zebra")),
        ("the reaction given again", lambda: source.react_again(posts[3], "zebra")),
        ("a session for ever", lambda: source.add_session(new_id("session", 1), 0)),
        ("a session for a day", lambda: source.add_session(new_id("session", 2), now_ms() + 86400 * 1000)),
        ("a session that ends soon", lambda: source.add_session(new_id("session", 3), soon)),
        ("a session long over", lambda: source.add_session(new_id("session", 4), now_ms() - 1000)),
        ("its end", lambda: time.sleep(max(0, soon + 50 - now_ms()) / 1000)),
        ("an archived channel",
         lambda: source.sql(f"""UPDATE channels SET deleteat = {now_ms()}, updateat = {now_ms()} WHERE id =
                            (SELECT id FROM channels WHERE deleteat = 0 AND type::text = 'O' ORDER BY id LIMIT 1)""")),
        ("the channel back", lambda: source.sql("UPDATE channels SET deleteat = 0 WHERE deleteat > 0")),
        ("a session ended", lambda: source.sql(f"DELETE FROM sessions WHERE id = '{new_id('session', 1)}'")),
    ]
    for what, change in steps:
        change()
        expect_next_round(daemon, source, what)


def test_none_left_is_zero_and_the_last_of_none_is_absent(kpi, mattermost):
    daemon = kpi(mattermost).start()
    daemon.wait_until_good()
    mattermost.sql(f"UPDATE reactions SET deleteat = {now_ms()}; UPDATE posts SET deleteat = {now_ms()}")
    page = daemon.next_round()
    assert page.value(MATTERMOST + "posts_total") == 0
    assert page.value(MATTERMOST + "reactions") == 0
    assert page.series(MATTERMOST + "reaction_total") == {}
    # There is no last post: that is unknown, not the year 1970.
    assert page.value(MATTERMOST + "last_post_date") is None
    assert page.value(MATTERMOST + "last_post_timestamp_seconds") is None
    assert page.value(MATTERMOST + "reaction_last_seconds") is None
    assert page.collector("success") == 1


def test_the_number_of_emojis_is_a_setting(kpi, mattermost):
    daemon = kpi(mattermost, own={"reactions_top": 2}).start()
    daemon.wait_until_good()
    assert len(daemon.scrape().series(MATTERMOST + "reaction_total")) == 2


def test_names_of_emojis_may_be_strange(kpi, mattermost):
    source = mattermost
    post = new_id("post")
    source.add_post(post)
    for person in range(30):
        source.react(post, 'a"b\\c' if person == 0 else f"x{person % 2}")
        source.sql(f"UPDATE reactions SET userid = '{new_id('person', person)}' WHERE postid = '{post}' AND userid NOT LIKE 'person%'")
    source.sql(f"UPDATE reactions SET deleteat = 1 WHERE postid <> '{post}'")
    daemon = kpi(source).start()
    daemon.wait_until_good()
    expect_next_round(daemon, source, "strange names")
