from hypothesis import given
from hypothesis import strategies as st
from wordspot.pipeline.ingest.texts import Texts


@given(st.lists(st.text(st.characters() | st.just("\udcff"))))
def test_texts_come_back_as_they_were(expected: list[str]) -> None:
    texts = Texts()
    for text in expected:
        texts.append(text)
    assert list(texts) == [texts[place] for place in range(len(texts))] == expected
