"""The words of replication in the documentation: ``python tests/words_page.py`` renews their table in the glossary."""

from pathlib import Path

from metanash_replication.ledger.words import WORDS

PAGE = Path(__file__).parents[1] / "docs" / "glossary.md"
BEGIN, END = "<!-- words: written by tests/words_page.py -->\n", "<!-- end of words -->\n"


def table():
    rows = [("word", "said of", "rule"), ("---",) * 3]
    rows += [(word.name, ", ".join(word.kinds), word.rule) for word in WORDS]
    return "".join(f"| {' | '.join(row)} |\n".replace("| --- | --- | --- |", "|---|---|---|") for row in rows)


def main():
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
