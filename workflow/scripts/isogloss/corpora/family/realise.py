"""From a frame to a sentence: a dependency tree, then tokens, tags, heads and relations.

The tree is the only source of all annotation, so text and annotation cannot disagree, and
every sentence is projective with one root.
"""

import random
from typing import NamedTuple

from isogloss.corpora.family.concepts import Names
from isogloss.corpora.family.frames import Clause, Name, NounPhrase, Phrase, Place
from isogloss.corpora.family.languages import Language, Typology
from isogloss.corpora.family.lexicon import lexicon_of, transliterate

LATIN_NAMES = 0.3  # fraction of name forms that another script keeps in Latin letters


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

    __slots__ = ("after", "before", "deprel", "form", "position", "upos")

    def __init__(self, form: str, upos: str, deprel: str) -> None:
        self.form = form
        self.upos = upos
        self.deprel = deprel
        self.before: list[Node] = []
        self.after: list[Node] = []
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
    if not name.second:
        # What stays in foreign letters takes no ending in native letters.
        if name.first not in grammar.foreign:
            node.form += ending
        return node
    forms = grammar.words if name.kind == "ORG" else grammar.names
    second = forms[name.second]
    if name.second not in grammar.foreign:
        second += ending
    node.after.append(Node(second, "PROPN", "flat"))
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


def clause_node(grammar: Grammar, clause: Clause, deprel: str = "root") -> Node:
    """The tree of a clause; its root is the verb."""
    typology, words = grammar.typology, grammar.words
    verb = _verb_node(grammar, clause, deprel)
    subject = _phrase_node(grammar, clause.agent, "nsubj")
    rest: list[Node] = []  # in the order of a language whose verb is not final
    if clause.patient:
        ending = words["accusative"] if typology.case == "case" else ""
        rest.append(_phrase_node(grammar, clause.patient, "obj", ending))
    if clause.place:
        rest.append(_place_node(grammar, clause.place))
    if clause.adverb:
        rest.append(Node(words[clause.adverb], "ADV", "advmod"))
    if clause.complement:
        rest.append(clause_node(grammar, clause.complement, "ccomp"))
    if typology.order == "SOV":
        verb.before[:0] = [subject, *reversed(rest)]
    elif typology.order == "VSO":
        verb.after += [subject, *rest]
    else:
        verb.before.insert(0, subject)
        verb.after += rest
    if deprel == "ccomp":
        marker = Node(words["that"], "SCONJ", "mark")
        if typology.order == "SOV":
            verb.after.append(marker)
        else:
            verb.before.insert(0, marker)
    return verb


def _append(node: Node, forms: list[str], nodes: list[Node]) -> None:
    for child in node.before:
        _append(child, forms, nodes)
    forms.append(node.form)
    nodes.append(node)
    for child in node.after:
        _append(child, forms, nodes)


def _tree(grammar: Grammar, clause: Clause) -> tuple[list[str], list[Node]]:
    root = clause_node(grammar, clause)
    root.after.append(Node(".", "PUNCT", "punct"))
    forms: list[str] = []
    nodes: list[Node] = []
    _append(root, forms, nodes)
    return forms, nodes


def realise_text(grammar: Grammar, clause: Clause) -> str:
    """The sentence as text, tokens joined by spaces."""
    return " ".join(_tree(grammar, clause)[0])


def realise(grammar: Grammar, clause: Clause) -> Sentence:
    """The sentence with its annotation."""
    forms, nodes = _tree(grammar, clause)
    heads = [0] * len(nodes)
    for position, node in enumerate(nodes, start=1):
        node.position = position
    for node in nodes:
        for child in (*node.before, *node.after):
            heads[child.position - 1] = node.position
    upos = [node.upos for node in nodes]
    return Sentence(forms, upos, heads, [node.deprel for node in nodes])
