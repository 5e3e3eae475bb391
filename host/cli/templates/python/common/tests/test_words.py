import unittest

from words import count_words


class Words(unittest.TestCase):
    def test_white_space_parts_words(self) -> None:
        self.assertEqual(count_words("one two\n\tthree"), 3)

    def test_a_text_without_words_has_none(self) -> None:
        for text in ["", " \n"]:
            self.assertEqual(count_words(text), 0)


if __name__ == "__main__":
    unittest.main()
