import unittest

from totals import MOST, Totals, parse


class Written(unittest.TestCase):
    def test_what_is_written_is_read_again_and_nothing_else_is(self) -> None:
        self.assertEqual(parse(Totals(3, MOST).write()), Totals(3, MOST))
        self.assertEqual(parse(b""), Totals())
        for other in [
            b"1",
            b"1 ",
            b" 1",
            b"1 2 3",
            b"1  2",
            b"+1 2",
            b"1 9007199254740992",
            b"1 2\n",
            b"1 \xff",
            b"9" * 9999,
        ]:
            with self.assertRaises(ValueError, msg=other[:20]):
                parse(other)

    def test_counts_stop_at_the_largest(self) -> None:
        totals = Totals(1, 1)
        totals.add(2**64, 1)
        self.assertEqual(totals, Totals(MOST, 2))


if __name__ == "__main__":
    unittest.main()
