"""What a word is. It knows nothing of HAL9, so that it is tested without."""


def count_words(text: str) -> int:
    """How many words there are: what white space parts."""
    return len(text.split())
