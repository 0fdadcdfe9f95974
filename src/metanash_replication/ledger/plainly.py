"""Plain sentences of claims: for each word that can be said of a claim, one sentence for who has not read our code.

Templates name facts of verdicts (:mod:`metanash_replication.ledger.telling`) in braces. What a claim is about comes
first in its sentence.
"""

from collections.abc import Mapping

__all__ = [
    "of_bound",
    "of_carried_bound",
    "of_effect",
    "of_growth",
    "of_speed",
    "of_two_sides",
    "of_untested",
    "open_sentence",
]

Plain = Mapping[str, str]


def open_sentence(subject: str) -> str:
    """Of what is open."""
    return f"{subject}: these runs do not tell."


def of_untested(reason: str) -> Plain:
    """A claim that no run is about."""
    return {"open": reason}


def of_bound(subject: str, repair: str = "", left: str = "the gap", *, proven: bool = False) -> Plain:
    """A bound, named by ``subject``; ``repair`` says with what it holds, ``left`` what it is to bound.

    Whether the repaired form is ``proven`` is said too.
    """
    false = f"{subject} is false as printed: in {{violated}} of {{runs}} runs {left} is larger, up to {{times}}"
    mended = f"{repair or 'in a repaired form'} it holds in all"
    return {
        "holds": f"{subject} holds: in {{runs}} runs {left} comes to at most {{share}} of it.",
        "vacuous": f"{subject} is never exceeded in {{runs}} runs, but nowhere is it below what is trivially true.",
        "violated as printed": f"{false}; {mended}{', and is proven' * proven}.",
        "violated": f"{false}, and nothing that was tried repairs it.",
        "open": open_sentence(subject),
    }


def of_carried_bound(subject: str, repair: str = "in a repaired form") -> Plain:
    """A sentence that a theorem can be carried over, judged by its bound."""
    return {
        "replicated": f"{subject}: in {{runs}} runs the gap comes to at most {{share}} of the bound.",
        "partly replicated": (
            f"{subject}, as printed: in {{violated}} of {{runs}} runs the gap is larger than the bound, up to "
            f"{{times}}; {repair} it holds in all."
        ),
        "not replicated": f"{subject}: in {{violated}} of {{runs}} runs the gap exceeds the bound, whatever the form.",
        "open": open_sentence(subject),
    }


def of_effect(subject: str, *, beside: str = "learning each game alone", gap: str = "gap", ratio: bool = True) -> Plain:
    """An effect on a gap: what has it comes first; ``ratio`` is false for differences."""
    if ratio:
        good = f"{subject} leaves {{least}} to {{most}} of the {gap} of {beside}, in all {{settings}} settings."
    else:
        good = f"{subject} leaves a {gap} smaller by {{least}} to {{most}} than {beside}, in all {{settings}} settings."
    smaller = f"{subject} leaves a clearly smaller {gap} than {beside}"
    return {
        "replicated": good,
        "partly replicated": f"{smaller} in only {{helps}} of {{settings}} settings{{worse}}{{instead}}.",
        "not replicated": f"{smaller} in no more than {{helps}} of {{settings}} settings{{worse}}{{instead}}.",
        "open": open_sentence(f"{subject}, beside {beside}"),
    }


def of_speed(subject: str) -> Plain:
    """Iterations to a gap, beside individual learning; much faster is twice as fast."""
    alone = "learning each game alone"
    return {
        "replicated": f"{subject} is {{span}} times as fast as {alone}.",
        "partly replicated": (
            f"{subject} is at least twice as fast as {alone} to {{fitting}} of {{gaps}} gaps only, and "
            "{span} times as fast over all of them{instead}."
        ),
        "not replicated": f"{subject} is only {{span}} times as fast as {alone}{{instead}}.",
        "open": open_sentence(f"{subject}, beside {alone}"),
    }


def of_growth(subject: str, curve: str) -> Plain:
    """A curve that is to grow like a logarithm, and not like a power."""
    return {
        "holds": (
            f"{subject} holds: {curve} grows like a logarithm of $T$ in all {{cases}} kinds of games, up to $T$ = "
            "{end}."
        ),
        "violated": (
            f"{subject} is false: {curve} grows like a logarithm in {{fitting}} of {{cases}} kinds of games only."
        ),
        "open": open_sentence(subject),
    }


def of_two_sides(subject: str, *, good: str, some: str, bad: str) -> Plain:
    """A comparison in cases: three sentences on it, and one for what is open."""
    return {"replicated": good, "partly replicated": some, "not replicated": bad, "open": open_sentence(subject)}
