"""The world of the tiny tales: who lives in it, what happens there, and how one asks for it.

Everything the embedded model can say is here, as a grammar (language.py). Variables: kind1 and name1 are the hero, kind2
and pal1 the friend, thing1 what is found, lost or carried, place1 where it happens, place2 where the hero lives. A
question may also name a trait or a place (trait9, place9): the story need not take them up.
"""

from language import Grammar


def _plain(*words):
    return {word: {} for word in words}


def _people(pronouns, *names):
    he, him, his = pronouns
    forms = {"he": he, "him": him, "his": his, "He": he.capitalize(), "His": his.capitalize()}
    return {name: forms for name in names}


def _kind(plural, coat, food, home, skill):
    return {"s": plural, "S": plural.capitalize(), "coat": coat, "food": food, "home": home, "skill": skill}


DOMAINS = {
    "kind": {
        "fox": _kind("foxes", "a red coat and a bushy tail", "berries and mice", "in a den under the hill", "find its way in the dark"),
        "owl": _kind("owls", "soft feathers and round eyes", "moths and mice", "in the old oak", "turn its head almost all the way round"),
        "hare": _kind("hares", "long ears and strong legs", "clover and grass", "in the tall grass", "run faster than the wind"),
        "bear": _kind("bears", "a thick brown coat and big paws", "honey and fish", "in a cave on the hill", "sleep all winter long"),
        "mouse": _kind("mice", "tiny feet and a long thin tail", "seeds and crumbs", "behind the barn", "hide in a boot"),
        "cat": _kind("cats", "soft paws and green eyes", "fish and cream", "in the warm kitchen", "land on its feet"),
        "duck": _kind("ducks", "orange feet and a flat bill", "weeds and snails", "by the pond", "swim without getting wet"),
        "frog": _kind("frogs", "smooth green skin and long toes", "flies and gnats", "among the lilies", "jump over a bucket"),
        "goat": _kind("goats", "curly horns and a white beard", "leaves and old hats", "on the stony hill", "climb almost any wall"),
        "crow": _kind("crows", "black feathers and a sharp beak", "corn and worms", "at the top of the pine", "remember every face"),
        "otter": _kind("otters", "sleek fur and small round ears", "fish and crabs", "on the river bank", "open shells with a stone"),
        "badger": _kind("badgers", "a grey coat and a striped face", "roots and beetles", "in a deep burrow", "dig a tunnel in one night"),
        "hedgehog": _kind("hedgehogs", "short legs and many spines", "slugs and apples", "under the hedge", "roll up into a ball"),
        "dog": _kind("dogs", "floppy ears and a wet nose", "bones and bread", "in the farm yard", "follow any smell"),
        "pony": _kind("ponies", "a long mane and a round belly", "hay and carrots", "in the green field", "carry two children at once"),
        "squirrel": _kind("squirrels", "a fluffy tail and quick paws", "nuts and acorns", "high up in the beech", "leap from tree to tree"),
    },
    "name": {
        **_people(("he", "him", "his"), "Pip", "Tom", "Oscar", "Bruno", "Finn", "Hugo", "Milo", "Otto", "Sam", "Toby", "Jasper", "Leo"),
        **_people(("she", "her", "her"), "Nora", "Ada", "Clara", "Daisy", "Ella", "Flora", "Hazel", "Ivy", "Luna", "Molly", "Ruby", "Willa"),
    },
    "pal": _plain("Alma", "Basil", "Cleo", "Dora", "Emil", "Fergus", "Greta", "Hanna", "Igor", "Juno", "Kit", "Lotte",
                  "Max", "Nell", "Olaf", "Poppy", "Quinn", "Rosa", "Silas", "Tilda"),
    "thing": _plain("red kite", "brass bell", "silver key", "blue hat", "old map", "paper boat", "tin drum", "wooden spoon",
                    "glass bead", "green umbrella", "golden button", "small lantern", "yellow scarf", "picture book",
                    "empty jar", "striped ball", "toy train", "round mirror", "warm blanket", "little flute"),
    "place": _plain("by the river", "at the pond", "near the old mill", "in the apple orchard", "behind the red barn",
                    "on the windy hill", "in the quiet wood", "by the lighthouse", "at the village market",
                    "under the stone bridge", "in the rose garden", "at the edge of the field", "near the frozen lake",
                    "on the sandy beach"),
    "sky": _plain("rainy", "windy", "foggy", "snowy", "cloudy", "cold", "warm", "quiet", "stormy", "clear"),
    "kin": _plain("mother", "father", "sister", "brother", "aunt", "uncle", "grandmother", "cousin"),
    "time": _plain("morning", "afternoon", "evening", "day", "night"),
    "hour": _plain("noon", "dusk", "sunset", "midnight", "dawn"),
    "trait": _plain("brave", "shy", "clever", "sleepy", "curious", "kind", "merry", "gentle", "proud", "hungry", "patient",
                    "silly", "careful", "young", "old", "lonely"),
    "size": _plain("little", "small", "tall", "round", "thin", "big"),
    "mood": _plain("happy", "glad", "proud", "surprised", "excited", "thankful"),
    "worry": _plain("sad", "worried", "afraid", "cross", "tired", "lost"),
    "meal": _plain("apple pie", "warm soup", "bread and honey", "blackberry jam", "pumpkin bread", "nut cake", "berry jelly",
                   "cheese and pears", "carrot stew", "plum tart"),
    "hobby": _plain("sing", "dance", "paint", "read", "climb trees", "tell jokes", "count the clouds", "collect leaves",
                    "bake bread", "skip stones", "play hide and seek", "look at the stars", "build towers", "plant seeds"),
    "pastime": _plain("draw", "whistle", "knit", "write letters", "tell riddles", "cook", "play the drum", "sleep late",
                      "polish shoes", "read the paper", "mend clocks", "wear hats"),
    "quirk": _plain("messy", "stubborn", "noisy", "dreamy", "forgetful", "clumsy", "bossy", "slow", "greedy", "vain"),
    "num": _plain("two", "three", "four", "five", "six", "seven"),
    "guard": _plain("wise turtle", "grumpy toad", "tall heron", "busy bee", "white swan", "friendly mole", "old donkey",
                    "quick wren", "tiny snail", "big goose"),
    "topic": _plain("gravity", "music", "the moon", "a computer", "the capital of France", "a volcano", "history", "algebra",
                    "the weather", "a battery", "a rainbow", "football", "electricity", "the sun", "chess", "a star"),
}

_HOMES = ("{place2}", "in a {size1} house {place2}", "in a {size1} hut {place2}", "all alone {place2}",
          "with {num1} brothers {place2}",
          "with {his:name1} {kin2} {place2}")

RULES = {
    # --- stories -------------------------------------------------------------------------------------------------
    "story": ["<open> <habit> <plot> <end>", "<open> <plot> <end>", "<open> <habit> <friend> <plot> <end>",
              "<open> <friend> <plot> <end>"],
    "open": ["Once upon a time, there was a {trait1} {kind1} named {name1}. {He:name1} lived <home>.",
             "Once upon a time, a {trait1} {kind1} named {name1} lived <home>.",
             "Long ago, a {trait1} {kind1} called {name1} lived <home>.",
             "There once was a {kind1} whose name was {name1}. {He:name1} was very {trait1} and lived <home>.",
             "{name1} was a {trait1} {kind1} who lived <home>.",
             "{name1} the {kind1} lived <home>. {He:name1} was {trait1} and a bit {quirk1}."],
    "home": _HOMES,
    "habit": ["{He:name1} loved to {hobby1}.",
              "{He:name1} liked to {hobby1} and to {pastime1}.",
              "Every {time1}, {he:name1} went out to {hobby1}.",
              "Most of all, {he:name1} liked to {hobby1} when it was {sky1}.",
              "Nobody could {hobby1} as well as {name1}.",
              "{He:name1} ate {meal1} every {time1}, and then {he:name1} would {hobby1}."],
    "friend": ["{His:name1} best friend was {pal1}, a {trait3} {kind2}.",
               "{His:name1} neighbour was a {kind2} named {pal1}.",
               "{He:name1} had one good friend, a {size2} {kind2} called {pal1}.",
               "Next door lived a {trait3} {kind2} named {pal1}, who liked to {pastime2}."],
    "plot": ["<found>", "<missing>", "<journey>", "<gift>", "<storm>"],
    "when": ["One {sky2} {time2}", "One {time2}", "On a {sky2} {time2}", "Then, one {sky2} {time2}", "Early one {sky2} {time2}"],

    "found": ["<when>, {name1} found a {thing1} {place1}. <wonder> <meet> <owner>"],
    "wonder": ['"Who lost this?" {he:name1} asked.', '"What a fine {thing1}!" said {name1}.',
               "It was covered with dust, but it was not broken.",
               "{He:name1} looked at it for a long time.", "{He:name1} had never seen one before.",
               '"This must belong to somebody," {he:name1} thought.', "{He:name1} put it on {his:name1} head and laughed."],
    "meet": ["Just then {pal1} the {kind2} came along.", "Soon {he:name1} met {pal1}, a {worry1} {kind2}.",
             "Not far away sat a {kind2} named {pal1}, who looked {worry1}.",
             "{He:name1} asked a {guard1}, and the {guard1} sent {him:name1} to {pal1} the {kind2}."],
    "owner": ['"That is mine!" said {pal1}. "I lost it {num2} days ago." So {name1} gave the {thing1} back.',
              '"Is this your {thing1}?" asked {name1}. "Yes," said {pal1}, "thank you!"',
              '"Is this your {thing1}?" asked {name1}. "No," said {pal1}, "but we can share it." So they did.',
              '"I made it for my {kin1}," said {pal1}, and {name1} gave it back at once.',
              "{pal1} showed {him:name1} how to use the {thing1}, and they played until {hour1}."],

    "missing": ["<when>, {name1} could not find {his:name1} {thing1}. <search> <helper> <there>"],
    "search": ["{He:name1} looked under the bed and behind the door.", "{He:name1} looked in {num2} boxes, but they were empty.",
               "{He:name1} was so {worry1} that {he:name1} forgot {his:name1} {meal2}.",
               '"Where can it be?" {he:name1} said.', "{He:name1} asked a {guard1}, but the {guard1} only shook its head.",
               "{He:name1} turned the whole house upside down."],
    "helper": ["{pal1} the {kind2} came to help.", '"I will help you," said {pal1} the {kind2}.',
               "A {trait4} {kind2} named {pal1} heard about it and came over.",
               "{He:name1} called {pal1} the {kind2}, who had a good nose.",
               '"Let us look together," said a {kind2} named {pal1}.'],
    "there": ["Together they found the {thing1} {place1}.",
              "They looked everywhere, and at last {pal1} saw the {thing1} {place1}.",
              "They followed the footprints of a {guard2}, and there was the {thing1}, {place1}.",
              "After {num3} hours they found it {place1}. A {guard2} was sleeping on the {thing1}!"],

    "journey": ["<when>, {name1} packed a {thing1} and some {meal2} and set out. <way> <stranger> <arrive>"],
    "way": ["The road was long and {sky3}.", "{He:name1} walked for {num2} hours.", "{He:name1} crossed a bridge and climbed {num2} hills.",
            "On the way {he:name1} met a {guard1}, who told {him:name1} a joke.", "{He:name1} sang a song to feel {trait4}.",
            "Soon {his:name1} feet hurt and {he:name1} felt {worry1}."],
    "stranger": ["Then {he:name1} met {pal1}, a {kind2} who was {worry2}.",
                 "At a crossing stood {pal1} the {kind2}.",
                 "Behind a bush sat a {kind2} named {pal1}.",
                 "A {kind2} named {pal1} asked to come along."],
    "arrive": ['"Come with me," said {name1}, and they walked on until they were {place1}.',
               "The two of them shared their food and went on. By {hour1} they were {place1}.",
               'It started to rain, but the {thing1} kept them safe. "Look!" said {pal1}. They were {place1}.',
               "{pal1} knew a short way, and before {hour1} they stood {place1}."],

    "gift": ["<when>, {name1} wanted to give {pal1} the {kind2} a present. <idea> <make> <give>"],
    "idea": ["{He:name1} thought about it for {num2} days.", '"But what?" {he:name1} asked a {guard1}.',
             "It had to be something that nobody else had.",
             '"A {thing1}!" {he:name1} said at last.', "{He:name1} asked {his:name1} {kin1} what to do."],
    "make": ["So {he:name1} went to look {place1} and found a {thing1}.",
             "{He:name1} worked {place1} until {hour1}, and then the {thing1} was ready.",
             "{He:name1} traded {num3} jars of jam for a {thing1} {place1}.",
             "A {guard2} {place1} gave {him:name1} a {thing1} for a song."],
    "give": ['"For me?" said {pal1}, and was so {mood1}.', "{pal1} was very {mood1} and danced around the {thing1}.",
             '"I have always wanted a {thing1}!" said {pal1}.', "{pal1} opened the box, saw the {thing1} and laughed.",
             '"How did you know?" asked {pal1}. {name1} only smiled.'],

    "storm": ["<when>, a storm came up while {name1} was {place1}. <danger> <rescue> <safe>"],
    "danger": ["The wind blew {his:name1} {thing1} away.", "The rain came down, and {he:name1} was {worry1}.",
               "The path was gone and {he:name1} felt {worry1}.", "A tree fell down with a loud crack.",
               "The water rose and rose."],
    "rescue": ["{pal1} the {kind2} saw it and came with a {thing1}.", "But {pal1}, a {trait4} {kind2}, held up a {thing1} and called.",
               '"Over here!" called {pal1} the {kind2}, waving a {thing1}.',
               "Then {he:name1} saw a {kind2} with a {thing1}. It was {pal1}."],
    "safe": ["They hid in a hollow tree until {hour1}.", "They ran to the house of a {guard1} and dried their feet.",
             "They counted to {num2}, took a deep breath and ran home.", "They sat close together and told stories until it was over.",
             "{pal1} knew a dry place, and there they waited with {num2} {s:kind3}."],

    "end": ["<feast> <moral>", "<feast>", "<moral>", "<feast> <close>", "<close>", "<moral> <close>"],
    "feast": ["Then they ate {meal3} and told stories.", "After that they had {meal3} for supper.",
              "They went home and made {meal3} for all the {s:kind4}.", "That {time4}, everybody came for {meal3}.",
              "In the end there was {meal3}, and even a {guard3} had some."],
    "moral": ["{name1} was {mood2}, and so was {pal1}.", "From that day on, {name1} and {pal1} were friends.",
              '"Thank you," said {name1}. "You are a true friend."', "{name1} learned that it is good to be {trait5}.",
              "Since then, {name1} and {pal1} {hobby3} together every {time5}."],
    "close": ["And that was the end of a very long day.", "{name1} slept well that night.", "Good night, {name1}. Good night, {pal1}.",
              "The moon came up, and all was quiet.", "Tomorrow they would look for a new adventure.",
              "And if they are not asleep, they are still laughing today."],

    # --- how one asks for a story --------------------------------------------------------------------------------
    "ask_story": ["<ask_about>", "<ask_about>", "<ask_open>"],
    "ask_about": ["Can you tell me a story about a {kind1}?", "Do you know a story about {name1} the {kind1}?",
                  "<tell> about a {kind1}<stop>", "<tell> about a {trait9} {kind1}<stop>", "<tell> about a {kind1} named {name1}<stop>",
                  "<tell> about a {kind1} and a {kind2}<stop>", "<tell> about a {kind1} and a {thing1}<stop>",
                  "<tell> about {name1} the {kind1}<stop>", "<tell> about a {kind1} {place9}<stop>",
                  "<tell> about {name1} the {kind1} and {pal1} the {kind2}<stop>"],
    "tell": ["Tell me a story", "Please tell me a story", "Could I have a story", "Tell me a tale", "Write a story",
             "Write a short story", "I want a story", "I would like a story", "Make up a story", "tell me a story",
             "Tell us a story", "Tell me something", "A story"],
    "ask_open": ["<tell><stop>", "One more story<stop>", "Another story<stop>", "Tell me another one<stop>"],
    "stop": [".", ".", "", "!"],

    # --- questions about the story just told -----------------------------------------------------------------------
    "ask_hero": ["Who was the story about?", "Who is it about?", "What was the {kind1}'s name?", "What was the hero called?"],
    "say_hero": ["It was about {name1} the {kind1}.", "It was {name1}, the {kind1}.", "{name1} the {kind1}."],
    "ask_friend": ["Who was the friend of {name1}?", "Who else was there?", "Who helped {name1}?", "Who is {pal1}?"],
    "say_friend": ["That was {pal1} the {kind2}.", "{pal1}, the {kind2}.", "It was {pal1}, a {kind2}."],
    "ask_thing": ["What thing was in the story?", "What was the story's treasure?", "Tell me about the thing in the story."],
    "say_thing": ["It was a {thing1}.", "A {thing1}.", "There was a {thing1} in it."],

    # --- the animals ---------------------------------------------------------------------------------------------
    "ask_kind": ["What is a {kind1}?", "Tell me about {s:kind1}.", "What do you know about {s:kind1}?", "Describe a {kind1}.",
                 "What can you tell me about {s:kind1}?", "What is a {kind1} like?", "tell me about {s:kind1}"],
    "say_kind": ["A {kind1} has {coat:kind1}. <live> <opinion> <saying> <offer>",
                 "{S:kind1} are animals with {coat:kind1}. <live> <saying> <opinion> <offer>",
                 "A {kind1} is a {size1} animal with {coat:kind1}. <live> <opinion> <saying> <offer>"],
    "live": ["It lives {home:kind1} and eats {food:kind1}.", "You find it {home:kind1}, and it likes {food:kind1}.",
             "It eats {food:kind1} and can {skill:kind1}.", "It sleeps {home:kind1} and can {skill:kind1}."],
    "opinion": ["Most of them are {trait1}, but some are {quirk1}.", "On {sky1} days it likes to {hobby1}.",
                "In the {time1} you can see it {place1}.", "A {trait1} one can even {hobby1}.",
                "I once met a {trait1} {kind1} {place1}."],
    "saying": ['A {guard1} once said: "Be {trait3} like a {kind1}, and {trait4} like a {kind2}."',
               "When it is {mood1}, it would like to {hobby2} with a {kind2}.",
               "My friend {name1} the {kind1} likes {meal1} and wants to {hobby2}.",
               "My neighbour {name1} has {num1} of them and gives them {meal1}.",
               "{name1} the {kind2} says that {s:kind1} are {trait3} and {trait4}."],
    "offer": ["Shall I tell you a story about one?", "Do you want a story about a {kind1} and a {thing1}?",
              "Ask me for a tale about a {trait5} one.", "I know a tale about a {kind1} called {pal1}.",
              "I like {s:kind1} more than {s:kind3}."],

    # --- small talk: short answers -------------------------------------------------------------------------------
    "ask_food": ["What do {s:kind1} eat?", "What does a {kind1} eat?", "what do {s:kind1} like to eat"],
    "say_food": ["{S:kind1} eat {food:kind1}.", "They like {food:kind1}.", "A {kind1} eats {food:kind1}."],
    "ask_home": ["Where do {s:kind1} live?", "Where does a {kind1} live?", "Where can I find a {kind1}?"],
    "say_home": ["{S:kind1} live {home:kind1}.", "It lives {home:kind1}.", "You find it {home:kind1}."],
    "ask_skill": ["What can a {kind1} do?", "What are {s:kind1} good at?"],
    "say_skill": ["A {kind1} can {skill:kind1}.", "It can {skill:kind1}."],
    "ask_me": ["Hello!", "Hi", "Hello, how are you?", "Who are you?", "What can you do?", "Hi there!", "Good morning!", "hello"],
    "say_me": ["Hello! I tell tiny tales.", "Hello! Ask me for a story about a {kind1}.", "I am a teller of tiny tales.",
               "Hello! Do you like {s:kind1}?", "I tell stories about animals."],
    "ask_bye": ["Thank you!", "Thanks", "Bye!", "Good night!", "Thank you, that was nice."],
    "say_bye": ["You are welcome!", "Good night!", "Come back soon!", "I like to tell stories."],
    "ask_other": ["What is {topic1}?", "Tell me about {topic1}.", "Explain {topic1}.", "Can you explain {topic1} to me?",
                  "Why is {topic1} important?", "How does {topic1} work?", "Do you know {topic1}?"],
    "say_other": ["I only know tales about animals.", "That I do not know. Ask me about {s:kind1}.",
                  "I do not know. But I can tell you a story."],

    # --- what a system message may ask ---------------------------------------------------------------------------
    "system": ["You are a teller of tiny tales.", "You are a helpful assistant.", "You tell stories to children.",
               "You are a friendly storyteller."],
}

GRAMMAR = Grammar(RULES, DOMAINS)
