"""From a frame to a sentence: a dependency tree, then tokens, tags, heads and relations.

The tree is the only source of all annotation, so text and annotation cannot disagree, and
every sentence is projective with one root.
"""

import random
from collections.abc import Iterable
from typing import NamedTuple

from isogloss.corpora.family.concepts import Names
from isogloss.corpora.family.frames import Clause, Name, NounPhrase, Phrase, Place
from isogloss.corpora.family.languages import Language, Typology
from isogloss.corpora.family.lexicon import lexicon_of, transliterate

LATIN_NAMES = 0.3  # fraction of name forms that another script keeps in Latin letters
RELATIONS = {"agent": "nsubj", "patient": "obj", "place": "obl"}  # role -> relation to the verb


class Grammar(NamedTuple):
    """Everything that turns a frame into a sentence of one language."""

    typology: Typology
    words: dict[str, str]  # concept -> form in the language's script
    names: dict[str, str]  # name -> form in the language's script, or in Latin letters
    foreign: dict[str, str]  # those of `names` that stayed in Latin letters


class Sentence(NamedTuple):
    """Tokens with their annotation; `heads` are 1-based, 0 is the root."""

    forms: list[str]
    upos: list[str]
    heads: list[int]
    deprels: list[str]

    @property
    def text(self) -> str:
        """Tokens joined by spaces."""
        return " ".join(self.forms)


class Node:
    """A word of a tree with its dependents on either side, in surface order."""

    __slots__ = ("after", "before", "deprel", "entity", "form", "position", "upos")

    def __init__(self, form: str, upos: str, deprel: str) -> None:
        self.form = form
        self.upos = upos
        self.deprel = deprel
        self.before: list[Node] = []
        self.after: list[Node] = []
        self.entity = "O"
        self.position = 0


def grammar_of(language: Language, names: Names, seed: int) -> Grammar:
    """Words, names and parameters of a language.

    Which names stay in Latin letters depends on language and name alone.
    """
    script = language.script
    words = {
        concept: transliterate(word, script) for concept, word in lexicon_of(language, seed).items()
    }
    forms: dict[str, str] = {}
    foreign: dict[str, str] = {}
    for name in (stem for stems in names for stem in stems):
        point = random.Random(f"{seed}:script:{language.code}:{name}").random()
        if script != "Latn" and point < LATIN_NAMES:
            forms[name] = foreign[name] = name
        else:
            forms[name] = transliterate(name, script)
    return Grammar(language.typology, words, forms, foreign)


def _name_node(grammar: Grammar, name: Name, deprel: str, ending: str) -> Node:
    node = Node(grammar.names[name.first], "PROPN", deprel)
    node.entity = f"B-{name.kind}"
    if not name.second:
        # What stays in foreign letters takes no ending in native letters.
        if name.first not in grammar.foreign:
            node.form += ending
        return node
    forms = grammar.words if name.kind == "ORG" else grammar.names
    second = forms[name.second]
    if name.second not in grammar.foreign:
        second += ending
    flat = Node(second, "PROPN", "flat")
    flat.entity = f"I-{name.kind}"
    node.after.append(flat)
    return node


def _noun_node(grammar: Grammar, phrase: NounPhrase, deprel: str, ending: str) -> Node:
    typology, words = grammar.typology, grammar.words
    form = words[phrase.noun]
    if phrase.plural:
        form += words["plural"]
    node = Node(form + ending, "NOUN", deprel)
    before, after = node.before, node.after
    if typology.article == "art" and not phrase.numeral:
        before.append(Node(words["article"], "DET", "det"))
    owner = _owner_node(grammar, phrase.owner) if phrase.owner else None
    if owner and typology.genitive == "GenN":
        before.append(owner)
    numeral = Node(words[phrase.numeral], "NUM", "nummod") if phrase.numeral else None
    if numeral and typology.numeral == "NumN":
        before.append(numeral)
    if phrase.adjective:
        side = before if typology.adjective == "AN" else after
        side.append(Node(words[phrase.adjective], "ADJ", "amod"))
    if numeral and typology.numeral == "NNum":
        after.append(numeral)
    if owner and typology.genitive == "NGen":
        after.append(owner)
    return node


def _phrase_node(grammar: Grammar, phrase: Phrase, deprel: str, ending: str = "") -> Node:
    if isinstance(phrase, Name):
        return _name_node(grammar, phrase, deprel, ending)
    return _noun_node(grammar, phrase, deprel, ending)


def _adpositional_node(grammar: Grammar, phrase: Phrase, adposition: str, deprel: str) -> Node:
    node = _phrase_node(grammar, phrase, deprel)
    marker = Node(grammar.words[adposition], "ADP", "case")
    if grammar.typology.adposition == "prep":
        node.before.insert(0, marker)
    else:
        node.after.append(marker)
    return node


def _owner_node(grammar: Grammar, owner: Phrase) -> Node:
    if grammar.typology.case == "case":
        return _phrase_node(grammar, owner, "nmod", grammar.words["genitive"])
    return _adpositional_node(grammar, owner, "of", "nmod")


def _place_node(grammar: Grammar, place: Place) -> Node:
    return _adpositional_node(grammar, place.phrase, place.adposition, "obl")


def _verb_node(grammar: Grammar, clause: Clause, deprel: str) -> Node:
    """The verb with tense and negation next to it."""
    typology, words = grammar.typology, grammar.words
    form = words[clause.verb]
    if clause.past and typology.tense == "suffix":
        form += words["past"]
    node = Node(form, "VERB", deprel)
    if clause.negated:
        side = node.before if typology.negation == "pre" else node.after
        side.append(Node(words["not"], "PART", "advmod"))
    if clause.past and typology.tense == "aux":
        node.before.append(Node(words["past"], "AUX", "aux"))
    return node


def _question_node(grammar: Grammar, word: str, role: str) -> Node:
    upos = "ADV" if role == "place" else "PRON"
    node = Node(grammar.words[word], upos, RELATIONS[role])
    if role == "patient" and grammar.typology.case == "case":
        node.form += grammar.words["accusative"]
    return node


def _part_nodes(grammar: Grammar, clause: Clause) -> dict[str, Node]:
    """Trees of a clause's parts by role, in the order of a language whose verb is not final."""
    typology, words = grammar.typology, grammar.words
    parts = {"agent": _phrase_node(grammar, clause.agent, "nsubj")}
    if clause.patient:
        ending = words["accusative"] if typology.case == "case" else ""
        parts["patient"] = _phrase_node(grammar, clause.patient, "obj", ending)
    if clause.place:
        parts["place"] = _place_node(grammar, clause.place)
    if clause.adverb:
        parts["adverb"] = Node(words[clause.adverb], "ADV", "advmod")
    if clause.complement:
        parts["complement"] = clause_node(grammar, clause.complement, "ccomp")
    return parts


def clause_node(
    grammar: Grammar,
    clause: Clause,
    deprel: str = "root",
    fronted: str | None = None,
    question: tuple[str, str] | None = None,
) -> Node:
    """The tree of a clause; its root is the verb.

    The part `fronted` (place or adverb) opens the clause in place of standing after the
    subject. `question` is the role that is asked for and the word that asks for it.
    """
    order, words = grammar.typology.order, grammar.words
    verb = _verb_node(grammar, clause, deprel)
    parts = _part_nodes(grammar, clause)
    if question:
        role, word = question
        parts[role] = _question_node(grammar, word, role)
        fronted = role if grammar.typology.question == "front" else None
    opening = [parts.pop(fronted)] if fronted else []
    subject = [parts.pop("agent")] if "agent" in parts else []
    rest = list(parts.values())
    if order == "SOV":
        verb.before[:0] = [*opening, *subject, *reversed(rest)]
    elif order == "VSO":
        verb.before[:0] = opening
        verb.after += [*subject, *rest]
    else:
        verb.before[:0] = [*opening, *subject]
        verb.after += rest
    if deprel == "ccomp":
        marker = Node(words["that"], "SCONJ", "mark")
        if order == "SOV":
            verb.after.append(marker)
        else:
            verb.before.insert(0, marker)
    return verb


def _append(node: Node, nodes: list[Node]) -> None:
    for child in node.before:
        _append(child, nodes)
    nodes.append(node)
    for child in node.after:
        _append(child, nodes)


def _nodes(root: Node, mark: str = ".") -> list[Node]:
    """The words of a tree in surface order, a punctuation mark last."""
    root.after.append(Node(mark, "PUNCT", "punct"))
    nodes: list[Node] = []
    _append(root, nodes)
    return nodes


def _text(nodes: Iterable[Node]) -> str:
    return " ".join(node.form for node in nodes)


def realise_text(grammar: Grammar, clause: Clause, fronted: str | None = None) -> str:
    """The sentence as text, tokens joined by spaces; place or adverb may be fronted."""
    return _text(_nodes(clause_node(grammar, clause, fronted=fronted)))


def realise_question(grammar: Grammar, clause: Clause, role: str, word: str) -> str:
    """The question for the agent, patient or place of a clause as text.

    `word` is the concept who, what or where. It stands first or in the place of what it asks
    for, as the language has it, with that one's case ending.
    """
    return _text(_nodes(clause_node(grammar, clause, question=(role, word)), "?"))


def realise_answer(grammar: Grammar, clause: Clause, role: str) -> tuple[str, int, int]:
    """The sentence as text and the characters, from and up to, of its agent, patient or place.

    A phrase is taken with modifiers and endings, but without its adposition.
    """
    root = clause_node(grammar, clause)
    nodes = _nodes(root)
    phrase = next(child for child in (*root.before, *root.after) if child.deprel == RELATIONS[role])
    inside: list[Node] = []
    _append(phrase, inside)
    if role == "place":
        # The adposition is the outermost word on its side.
        inside = [node for node in inside if node not in _adpositions(phrase)]
    start = nodes.index(inside[0])
    before = _text(nodes[:start])
    offset = len(before) + 1 if before else 0
    return _text(nodes), offset, offset + len(_text(inside))


def _adpositions(node: Node) -> list[Node]:
    return [child for child in (*node.before, *node.after) if child.deprel == "case"]


def realise_names(grammar: Grammar, clause: Clause) -> tuple[list[str], list[str]]:
    """Tokens of the sentence and their entity tags (BIO with PER, ORG and LOC)."""
    nodes = _nodes(clause_node(grammar, clause))
    return [node.form for node in nodes], [node.entity for node in nodes]


def realise(grammar: Grammar, clause: Clause) -> Sentence:
    """The sentence with its annotation."""
    nodes = _nodes(clause_node(grammar, clause))
    heads = [0] * len(nodes)
    for position, node in enumerate(nodes, start=1):
        node.position = position
    for node in nodes:
        for child in (*node.before, *node.after):
            heads[child.position - 1] = node.position
    forms, upos = [node.form for node in nodes], [node.upos for node in nodes]
    return Sentence(forms, upos, heads, [node.deprel for node in nodes])
