from hypothesis import given
from hypothesis import strategies as st
from wordspot.pipeline.ingest import journal_places
from wordspot.pipeline.ingest.journal_places import NOWHERE, Places


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 1 << 40))), st.integers(1, 5))
def test_what_was_noted_last_counts(noted: list[tuple[str, int]], most_recent: int) -> None:
    places, expected = Places(), dict(noted)
    limit, journal_places._MOST_RECENT = journal_places._MOST_RECENT, most_recent
    for key, offset in noted:
        places[key] = offset
    journal_places._MOST_RECENT = limit
    for _ in range(2):  # as they were noted, and sorted
        assert [places.find(key) for key in "abcdefgh"] == [expected.get(key, NOWHERE) for key in "abcdefgh"]
        assert len(places) == len(expected)
    assert list(places.offsets()) == sorted(expected.values())


def test_places_can_be_given_by_their_hashes() -> None:
    places = Places([hash("left/b.wav"), hash("left/a.wav")], [7, 3])
    assert (places.find("left/a.wav"), places.find("left/b.wav"), places.find("left/c.wav")) == (3, 7, NOWHERE)
    assert list(places.offsets()) == [3, 7]
