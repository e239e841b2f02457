"""Conversations about the tiny tales: which answer belongs to which question, written and read by the same tables."""

from typing import Callable, Dict, List, Optional

from language import Bindings, canonical, surface
from tales import GRAMMAR

Message = Dict[str, str]  # {"role": "system" | "user" | "assistant", "content": text}

# The question's symbol → the answer's. Each of these starts a topic of its own, with new variables …
TOPICS = {
    "ask_story": "story",
    "ask_kind": "say_kind",
    "ask_food": "say_food",
    "ask_home": "say_home",
    "ask_skill": "say_skill",
    "ask_me": "say_me",
    "ask_bye": "say_bye",
    "ask_other": "say_other",
}

# … and these go on with the variables of the story before them.
FOLLOW_UPS = {
    "ask_hero": "say_hero",
    "ask_friend": "say_friend",
    "ask_thing": "say_thing",
}

_TOPIC_WEIGHTS = (("ask_story", 0.72), ("ask_kind", 0.14), ("ask_food", 0.02), ("ask_home", 0.02), ("ask_skill", 0.02),
                  ("ask_me", 0.03), ("ask_bye", 0.02), ("ask_other", 0.03))
_SYSTEM_SHARE = 0.06
_SECOND_TOPIC_SHARE = 0.2
_FOLLOW_UP_SHARE = 0.45
_MOST_FOLLOW_UPS = 2


def _draw_topic(draw: Callable[[], float]) -> str:
    rest = draw()
    for ask, weight in _TOPIC_WEIGHTS:
        rest -= weight
        if rest < 0:
            return ask
    return _TOPIC_WEIGHTS[0][0]


def _exchange(ask: str, say: str, draw: Callable[[], float], bindings: Bindings) -> List[Message]:
    question = surface(GRAMMAR.write(ask, draw, bindings))
    return [{"role": "user", "content": question},
            {"role": "assistant", "content": surface(GRAMMAR.write(say, draw, bindings))}]


def write_conversation(draw: Callable[[], float]) -> List[Message]:
    """One random conversation: perhaps a system message, then one or two topics with their follow-up questions."""
    messages = []
    if draw() < _SYSTEM_SHARE:
        messages.append({"role": "system", "content": surface(GRAMMAR.write("system", draw, {}))})
    for _ in range(2 if draw() < _SECOND_TOPIC_SHARE else 1):
        ask, bindings = _draw_topic(draw), {}
        messages += _exchange(ask, TOPICS[ask], draw, bindings)
        asks = list(FOLLOW_UPS) if ask == "ask_story" else []
        while asks and len(FOLLOW_UPS) - len(asks) < _MOST_FOLLOW_UPS and draw() < _FOLLOW_UP_SHARE:
            follow_up = asks.pop(int(draw() * len(asks)))
            messages += _exchange(follow_up, FOLLOW_UPS[follow_up], draw, bindings)
    return messages


def write_story(draw: Callable[[], float]) -> str:
    """One random story outside any conversation."""
    return surface(GRAMMAR.write("story", draw, {}))


def read_text(symbol: str, text: str, bindings: Optional[Bindings] = None) -> Optional[Bindings]:
    """The variables of `text` as a text of `symbol` that agrees with `bindings`; None if it is none."""
    plain = canonical(text)
    return None if plain is None else GRAMMAR.read(symbol, plain, bindings)


def _read_exchange(question: str, answer: str, bindings: Bindings) -> Optional[Bindings]:
    for ask, say in FOLLOW_UPS.items():
        asked = read_text(ask, question, bindings) if bindings else None
        if asked is not None:
            answered = read_text(say, answer, asked)
            if answered is not None:
                return answered
    for ask, say in TOPICS.items():
        asked = read_text(ask, question)
        if asked is not None:
            answered = read_text(say, answer, asked)
            if answered is not None:
                return answered
    return None


def explain_conversation(messages: List[Message]) -> Optional[str]:
    """None if `messages` are a conversation of the grammar, each answer agreeing with its question and the story before
    it; else what is wrong, in words."""
    turns = [m for m in messages if m["role"] != "system"]
    if len(turns) != len(messages) and (messages[0]["role"] != "system" or len(turns) + 1 != len(messages)):
        return "a system message stands in the middle"
    if not turns or len(turns) % 2:
        return "the last question has no answer"
    bindings: Bindings = {}
    for question, answer in zip(turns[::2], turns[1::2]):
        if (question["role"], answer["role"]) != ("user", "assistant"):
            return "questions and answers do not take turns"
        found = _read_exchange(question["content"], answer["content"], bindings)
        if found is None:
            return f"no answer of the grammar to {question['content']!r}: {answer['content']!r}"
        bindings = found
    return None
