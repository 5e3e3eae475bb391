import json
import unittest

from params import Wrong, read


class Params(unittest.TestCase):
    def test_a_text_and_a_limit_are_read(self) -> None:
        self.assertEqual(read('{"text": ""}', 5), ("", 5))
        self.assertEqual(read('{"text": "\\u00e4", "limit": 3.0}', 5), ("ä", 3))

    def test_what_is_wrong_is_named(self) -> None:
        for params, name in [
            ({}, "`text`"),
            ({"text": None}, "`text`"),
            ({"text": "a", "limit": 0}, "`limit`"),
            ({"text": "a", "limit": 1.5}, "`limit`"),
            ({"text": "a", "limit": True}, "`limit`"),
            ({"text": "a", "limit": "3"}, "`limit`"),
            ({"text": "a", "z": 1, "most": 1}, "`most`"),
        ]:
            with self.assertRaises(Wrong) as raised:
                read(json.dumps(params), 5)
            self.assertIn(name, str(raised.exception))

    def test_what_is_no_json_object_is_refused(self) -> None:
        for params in ["", "{", "[]", "1", "NaN", '{"text": NaN}', '{"text": "\\ud800"}', "[" * 100_000]:
            with self.assertRaises(Wrong, msg=params[:20]):
                read(params, 5)


if __name__ == "__main__":
    unittest.main()
