"""A README on a module's page: what terraform-docs wrote, links that lead nowhere, characters that hide."""

from __future__ import annotations

import re

import pytest

from helpers.servers.registry_server.prose import markdown, seen

DOCS = """<!-- BEGIN_TF_DOCS -->
| Name | Type |
|------|------|
| <a name="input_pool"></a> [pool](#input\\_pool) | <pre>object({<br/>    gpus = number<br/>  })</pre> |
| <a name="output_id"></a> [id](#output\\_id) | `<br/>` |
<!-- END_TF_DOCS -->
"""


def test_tables_of_terraform_docs_have_no_tags_and_lead_to_the_page() -> None:
    page = markdown(DOCS)
    assert re.findall(r'href="([^"]+)"', page) == ["#inputs", "#outputs"]
    assert "object({     gpus = number   })" in page and "BEGIN_TF" not in page and "name=" not in page
    # Of code not a letter is changed.
    assert page.count("&lt;br/&gt;") == 1


@pytest.mark.parametrize("link", ["docs/more.md", "./README.md", "../other", "/etc/passwd", "#nowhere", "#module_x"])
def test_a_link_that_leads_nowhere_is_text(link: str) -> None:
    assert markdown(f"See [the *guide*]({link}) first.") == "<p>See the <em>guide</em> first.</p>\n"


@pytest.mark.parametrize("link", ["https://acme.test/x", "http://acme.test", "mailto:team@acme.test"])
def test_other_links_stay(link: str) -> None:
    assert f'<a href="{link}">x</a>' in markdown(f"[x]({link}) [y](nowhere)")


def test_characters_that_hide_or_reorder_are_spelt_out() -> None:
    hidden = "pay\u202egpj.exe\u200b"
    assert seen(hidden) == "pay\\u202egpj.exe\\u200b" and seen(7) == 7
    assert "\\u202e" in seen(markdown(hidden)) and type(seen(markdown("a"))) is type(markdown("a"))
