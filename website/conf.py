"""Sphinx's settings. Everything a page needs is in the site itself."""

from sphinx.application import Sphinx

from website.links import link_terms

project = "MOD-208"
html_title = "Advanced Infrastructure as Code & GitOps"
extensions = ["myst_nb"]
# The outputs are those that CI compares; here nothing is run.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, object] = {}
nb_merge_streams = True
# A dollar is a dollar: texts speak of prices and of shell variables.
myst_enable_extensions: list[str] = []
myst_heading_anchors = 3
html_theme = "sphinx_book_theme"
html_static_path = ["static"]
html_css_files = ["course.css"]
html_js_files = ["theme.js", "scrolling.js"]
html_copy_source = False
html_show_sourcelink = False
html_context = {"default_mode": "auto"}
html_favicon = "static/icon.svg"
html_theme_options = {
    "navbar_persistent": [],
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_navbar_depth": 1,
    "home_page_in_toc": True,
}


def setup(app: Sphinx) -> None:
    """Have words of the glossary linked, once a page is read."""
    app.connect("doctree-read", link_terms)
