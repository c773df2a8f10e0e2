"""Annotators that are no model: each reads texts or embeddings and gives its ballots on them.

`rule_ballots` asks a person's functions, `pattern_ballots` keywords and regular expressions, `word_ballots` the labels' own
words, `neighbour_ballots` labelled examples that lie near; `ngram_ballots` writes keyword rules itself.
"""

from limbeck.annotators.ballots import Ballot, Ballots
from limbeck.annotators.neighbours import neighbour_ballots
from limbeck.annotators.ngrams import mine, ngram_ballots
from limbeck.annotators.patterns import Pattern, pattern_ballots, read_patterns, write_patterns
from limbeck.annotators.rules import read_rules, rule_ballots
from limbeck.annotators.words import word_ballots

__all__ = [
    "Ballot",
    "Ballots",
    "Pattern",
    "mine",
    "neighbour_ballots",
    "ngram_ballots",
    "pattern_ballots",
    "read_patterns",
    "read_rules",
    "rule_ballots",
    "word_ballots",
    "write_patterns",
]
