"""Writing and reading texts with one grammar."""

import random
import unittest

from language import Grammar, canonical, surface

DOMAINS = {
    "kind": {"fox": {"s": "foxes"}, "owl": {"s": "owls"}, "otter": {"s": "otters"}},
    "name": {"Pip": {"he": "he"}, "Ada": {"he": "she"}},
}
RULES = {
    "tale": ["{name1} is a {kind1}<rest>.", "<rest>"],
    "rest": ["", " and {he:name1} likes {s:kind2}", ", not a {kind2}"],
}


def grammar() -> Grammar:
    return Grammar(RULES, DOMAINS)


class Articles(unittest.TestCase):
    def test_vowels_take_an(self):
        self.assertEqual(surface("A owl met a fox and a otter."), "An owl met a fox and an otter.")

    def test_canonical_is_the_inverse(self):
        self.assertEqual(canonical("An owl met a fox."), "A owl met a fox.")

    def test_wrong_articles_have_no_canonical_text(self):
        self.assertIsNone(canonical("A owl."))
        self.assertIsNone(canonical("It met an fox."))

    def test_words_that_end_in_an_are_left_alone(self):
        self.assertEqual(canonical("The swan flew."), "The swan flew.")


class Reading(unittest.TestCase):
    def test_binds_variables(self):
        found = grammar().read("tale", "Pip is a fox and he likes owls.")
        self.assertEqual(found, {"name1": "Pip", "kind1": "fox", "kind2": "owl"})

    def test_a_form_must_agree_with_its_variable(self):
        self.assertIsNone(grammar().read("tale", "Pip is a fox and she likes owls."))

    def test_given_bindings_hold(self):
        self.assertIsNone(grammar().read("tale", "Ada is a fox.", {"kind1": "owl"}))
        self.assertIsNotNone(grammar().read("tale", "Ada is a fox.", {"kind1": "fox"}))

    def test_the_whole_text_must_be_read(self):
        self.assertIsNone(grammar().read("tale", "Ada is a fox. "))
        self.assertIsNone(grammar().read("tale", "Ada is a fo"))

    def test_reading_does_not_change_the_callers_bindings(self):
        given = {"kind1": "fox"}
        grammar().read("tale", "Ada is a fox.", given)
        self.assertEqual(given, {"kind1": "fox"})


class Writing(unittest.TestCase):
    def test_what_is_written_can_be_read(self):
        draw = random.Random(1).random
        for _ in range(500):
            bindings = {}
            text = grammar().write("tale", draw, bindings)
            found = grammar().read("tale", text)
            self.assertIsNotNone(found, text)

    def test_every_alternative_is_written(self):
        draw = random.Random(2).random
        seen = {grammar().write("rest", draw, {"name1": "Ada", "kind1": "owl"}) for _ in range(200)}
        self.assertEqual(seen, {""} | {f" and she likes {kinds}" for kinds in ("foxes", "owls", "otters")} |
                         {f", not a {kind}" for kind in ("fox", "owl", "otter")})


class Mistakes(unittest.TestCase):
    def test_unknown_symbol(self):
        with self.assertRaisesRegex(ValueError, "<missing>"):
            Grammar({"tale": ["<missing>"]}, DOMAINS)

    def test_unknown_domain(self):
        with self.assertRaisesRegex(ValueError, "no domain"):
            Grammar({"tale": ["{place1}"]}, DOMAINS)

    def test_unknown_form(self):
        with self.assertRaisesRegex(ValueError, "'he'"):
            Grammar({"tale": ["{he:kind1}"]}, DOMAINS)


if __name__ == "__main__":
    unittest.main()
