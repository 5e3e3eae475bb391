import unittest

from words import find


class Words(unittest.TestCase):
    def joined(self, text: str, limit: int) -> tuple[int, str]:
        found = find(text, limit)
        return found.words, found.joined()

    def test_the_most_frequent_come_first_and_the_first_of_equals(self) -> None:
        self.assertEqual(self.joined("pear fig Pear APPLE fig pear", 5), (6, "pear,fig,apple"))
        self.assertEqual(self.joined("one two three", 2), (3, "one,two"))

    def test_stop_words_are_words_and_no_keywords(self) -> None:
        self.assertEqual(self.joined("The cat and THE hat", 5), (5, "cat,hat"))

    def test_what_is_no_letter_parts_words_and_nothing_else_does(self) -> None:
        self.assertEqual(self.joined("don't stop-me 4ever x2y", 9), (7, "don,t,stop,me,ever,x,y"))

    def test_beyond_ascii_all_is_letters_and_keeps_its_case(self) -> None:
        self.assertEqual(self.joined("Ärger ärger ÄRGER", 9), (3, "Ärger,ärger"))

    def test_a_text_without_words_has_none(self) -> None:
        for text in ["", " \n\0", "12 34 !?"]:
            self.assertEqual(self.joined(text, 5), (0, ""))


if __name__ == "__main__":
    unittest.main()
