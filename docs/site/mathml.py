"""Mathematics as MathML, which browsers draw by themselves: nothing is fetched and no script runs."""

from latex2mathml.converter import convert


def write_inline(translator, node):
    translator.body.append(convert(node.astext()))
    raise_skip()


def write_block(translator, node):
    translator.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise_skip()


def raise_skip():
    from docutils.nodes import SkipNode  # noqa: PLC0415

    raise SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (write_inline, None), (write_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
