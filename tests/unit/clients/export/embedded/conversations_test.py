"""The conversations the embedded model is trained on, and the judge of what it says."""

import random
import unittest

from conversations import explain_conversation, read_text, write_conversation, write_story
from make_text import documents

STORY = ("Long ago, a kind cat called Molly lived in the quiet wood. One windy day, a storm came up while Molly was at the "
         "pond. A tree fell down with a loud crack. Then she saw a pony with a wooden spoon. It was Kit. They sat close "
         "together and told stories until it was over. Molly slept well that night.")


def ask(question: str, answer: str) -> list:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


class Text(unittest.TestCase):
    def test_every_written_conversation_is_read(self):
        draw = random.Random(3).random
        for _ in range(400):
            messages = write_conversation(draw)
            self.assertIsNone(explain_conversation(messages), messages)

    def test_every_written_story_is_read(self):
        draw = random.Random(4).random
        for _ in range(400):
            story = write_story(draw)
            self.assertIsNotNone(read_text("story", story), story)

    def test_the_text_depends_on_the_seed_alone(self):
        first, again, other = (list(documents(seed, 200)) for seed in (5, 5, 6))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_long_texts_do_not_repeat(self):
        stories = [d["story"] for d in documents(7, 20_000) if "story" in d]
        self.assertGreater(len(stories), 2500)
        self.assertEqual(len(stories), len(set(stories)))


class Judge(unittest.TestCase):
    def test_a_story_that_answers_its_question(self):
        self.assertIsNone(explain_conversation(ask("Tell me a story about a cat.", STORY)))

    def test_a_story_about_another_animal(self):
        self.assertIsNotNone(explain_conversation(ask("Tell me a story about a dog.", STORY)))

    def test_a_story_with_a_changed_name(self):
        wrong = STORY.replace("Molly slept", "Ruby slept")
        self.assertIsNotNone(explain_conversation(ask("Tell me a story about a cat.", wrong)))

    def test_a_story_with_a_wrong_pronoun(self):
        wrong = STORY.replace("Then she saw", "Then he saw")
        self.assertIsNotNone(explain_conversation(ask("Tell me a story about a cat.", wrong)))

    def test_a_story_cut_short(self):
        self.assertIsNotNone(explain_conversation(ask("Tell me a story about a cat.", STORY[:-10])))

    def test_a_follow_up_agrees_with_the_story(self):
        told = ask("Tell me a story about a cat.", STORY)
        self.assertIsNone(explain_conversation(told + ask("Who else was there?", "It was Kit, a pony.")))
        self.assertIsNotNone(explain_conversation(told + ask("Who else was there?", "It was Kit, a duck.")))

    def test_a_system_message_comes_first(self):
        system = [{"role": "system", "content": "You are a teller of tiny tales."}]
        told = ask("Tell me a story about a cat.", STORY)
        self.assertIsNone(explain_conversation(system + told))
        self.assertIsNotNone(explain_conversation(told + system))

    def test_a_question_without_an_answer(self):
        self.assertIsNotNone(explain_conversation(ask("Hello!", "")[:1]))

    def test_an_unknown_question(self):
        self.assertIsNotNone(explain_conversation(ask("How much is the fish?", STORY)))


if __name__ == "__main__":
    unittest.main()
