"""Text as Typst: marks are kept out, mathematics is read whole, and what is not known is an error."""

import json
import re

import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st

from metanash_replication.ledger.cited import cited, number
from metanash_replication.report.content import Cells
from metanash_replication.report.typst_markup import document, escape, math_of_latex, math_of_plain, sentence


def shown(markup, math=False):
    """Set markup: it must compile."""
    body = f"$ {markup} $" if math else markup
    head = "#let cite-table(content, source) = [<#content|#source>]\n"
    return typst.compile((head + body).encode(), format="pdf", ignore_system_fonts=True)


def text_of(markup):
    """Text of markup as Typst reads it; what is no text is shown by its name."""
    source = f"""#metadata([{markup}].fields().at("children", default: ([{markup}],))
      .map(one => if one.has("text") {{ one.text }} else if one == [ ] {{ " " }} else {{ repr(one) }}).join()) <it>"""
    (found,) = json.loads(typst.query(source.encode(), "<it>", field="value", ignore_system_fonts=True))
    return found


@given(st.text(alphabet="ab $#*_`<>@[]~/=+-\"'.;\\{}()&^%!:,", min_size=1, max_size=30))
def test_escaped_text_is_text(text):
    text = f"a{' '.join(text.split())}b"
    assert text_of(escape(text)) == text


@pytest.mark.parametrize(
    "text", ["- a list", "+ one", "= heading", "/ term: x", "1. first", "// comment", "a -- b", "https://x.y"]
)
def test_marks_at_the_beginning_of_a_line_are_text(text):
    assert text_of(escape(text)) == text


@pytest.mark.parametrize(
    ("latex", "typst_math"),
    [
        (r"\eta \le 1/(8H^2)", "eta <= 1 slash ( 8 H^(2) )"),
        (r"\frac{192 H^3}{T}", "frac(192 H^(3), T)"),
        (r"\sum_{h,\tau} \max_s x", "sum_(h comma tau) max_(s) x"),
        (r"\tilde\mu_h^\tau", "tilde(mu)_(h)^(tau)"),
        (r"\sqrt{a + b}", "sqrt(a + b)"),
        (r"\left( x \right)'", "( x )'"),
        (r"\text{gap} \sim T^{-1/4}", '"gap" tilde.op T^(- 1 slash 4)'),
        (r"\{\nu^{k,t}\}_t", "brace.l nu^(k comma t) brace.r_(t)"),
        ("AB", "A B"),
    ],
)
def test_latex(latex, typst_math):
    assert math_of_latex(latex) == typst_math
    shown(typst_math, math=True)


@pytest.mark.parametrize("latex", [r"\foo", r"\frac{1}", "{a", r"\text x", "a & b", r"x_"])
def test_latex_that_is_not_known_is_an_error(latex):
    with pytest.raises(ValueError, match=re.escape(latex)):
        math_of_latex(latex)


@pytest.mark.parametrize(
    ("plain", "typst_math"),
    [
        ("eta <= 1 / (8 H^2)", "eta <= 1 slash ( 8 H^2 )"),
        ("sum_{m <= H} L_tau", "sum_( m <= H ) L_tau"),
        ("tilde mu^tau", "tilde(mu)^tau"),
        ("sqrt(2 (1 - gamma))", "sqrt( 2 ( 1 - gamma ) )"),
        ("sqrt 2 x", "sqrt(2) x"),
        (
            "<v - x_j, Q y_j> = KL(v || a_j)",
            'chevron.l v - x_j comma Q y_j chevron.r = op("KL") ( v bar.v.double a_j )',
        ),
        ("<D_i, Qbar_i>(s)", "chevron.l D_i comma overline(Q)_i chevron.r ( s )"),
        ("a < b > c", "a < b > c"),
        ("sum_{i<j} |C_ij|", "sum_( i < j ) abs( C_(i j) )"),
        ("|y_1 - y_0|^2 / 4", "abs( y_1 - y_0 )^2 slash 4"),
        ("V^*_h(s)", "V^*_h ( s )"),
        ("15.9 * 8 log 2", "15.9 dot.op 8 log 2"),
        ("6.19e-5", "6.19 times 10^(-5)"),
        ("1e-12", "10^(-12)"),
        ("nubar, taubar", "overline(nu) comma overline(tau)"),
        ("c = c_1 for H = 1", 'c = c_1 " for " H = 1'),
        ("f'(p)", "f' ( p )"),
        ("log(AB)", "log ( A B )"),
    ],
)
def test_plain_mathematics(plain, typst_math):
    assert math_of_plain(plain) == typst_math
    shown(typst_math, math=True)


@pytest.mark.parametrize("plain", ["foo + 1", "a # b", "tilde", "|x", "α + 1", "sqrt"])
def test_plain_mathematics_that_is_not_known_is_an_error(plain):
    with pytest.raises(ValueError, match=re.escape(plain)):
        math_of_plain(plain)


def test_a_sentence_has_mathematics_code_emphasis_and_citations():
    found = sentence(f"$T^2$ of `a_b` is *not* {number(1.25, '.1f', 'theory.csv')}; {Cells('own').literal('$x|*')}.")
    assert found == (
        '$T^(2)$ of #raw("a_b"); is #emph[not]; #cite-table("1.2", "theory.csv");\\; #cite-table("$x|*", "own.csv");\\.'
    )
    shown(found)


def test_what_follows_a_citation_is_no_argument_of_it():
    marks = cited('q"\\', "a.csv")
    shown(sentence(f"{cited('7', 'a.csv')}(x){cited('8', 'a.csv')}[9]{marks}.field"))


PAGE = """# Title

Text with `x_1`, `two_sided`, `metanash.bounds`, *stress* and **(1) A name.** See [there](other.md), 3 < 4.

    c = c_1                      for H = 1,
    d = 2
        + 3,

- (a) `gap <= 1`;
- (b) second
"""


def test_a_page():
    found = document(PAGE, {"other.md": "<other>"}.__getitem__)
    assert found == (
        '\n= Title\n\nText with $x_1$, #raw("two_sided");, #raw("metanash.bounds");, #emph[stress]; and '
        "#strong[(1) A name\\.]; See #link(<other>)[there];, 3 \\< 4\\.\n\n"
        '$ & c = c_1 quad " for " H = 1 comma \\\n& d = 2 + 3 comma $\n\n'
        '#list(\n[(a) $op("gap") <= 1$\\;\n\n],\n[(b) second\n\n],\n)\n\n'
    )
    shown(found.replace("#link(<other>)", ""))


def test_a_link_to_a_file_is_an_address():
    assert document("[a](b.md)", lambda target: f"../docs/{target}") == '#link("../docs/b.md")[a];\n\n'


@pytest.mark.parametrize("text", ["> quoted", "1. one", "![a](b.png)", "<br>", "`foobar`", "```\nx\n```"])
def test_a_page_with_what_is_not_known_is_an_error(text):
    with pytest.raises(ValueError, match="of this project"):
        document(text, str)
