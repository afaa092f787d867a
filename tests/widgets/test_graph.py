"""The graph: edges of the real Terraform, collapse of big plans, drawing, blast radius."""

from __future__ import annotations

import itertools
import re
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.widgets import blast_radius_svg, graph_svg
from helpers.widgets.renderers import draw
from helpers.widgets.renderers.graph import MAX_NODES, Node, ResourceGraph, dot_graph, plan_graph
from helpers.widgets.renderers.plan import changed_nodes
from helpers.wrappers.terraform.types import Graph, Plan
from tests.repeats import examples
from tests.widgets.plans import change, platform_plan, wide_document


def without_index(edges: Any) -> set[tuple[str, str]]:
    return {tuple(re.sub(r"\[.*?\]", "", end) for end in edge) for edge in edges}  # type: ignore[misc]


def test_plan_file_gives_terraforms_own_edges_but_those_through_locals(
    real_plan: Plan, real: tuple[dict[str, Any], str]
) -> None:
    from_plan, from_dot = plan_graph(real_plan), plan_graph(real_plan, real[1])
    through_local = {("terraform_data.pool", "terraform_data.base")}
    assert without_index(from_dot.edges) - without_index(from_plan.edges) == through_local
    assert without_index(from_plan.edges) <= without_index(from_dot.edges)
    assert "local values" in from_plan.note and not from_dot.note


def test_edges_lead_through_module_inputs_and_outputs(real_plan: Plan) -> None:
    edges = plan_graph(real_plan).edges
    assert ("module.child.terraform_data.inner", "terraform_data.pool") in edges
    assert ('terraform_data.new["eu.west"]', "module.child.terraform_data.inner") in edges


def test_dependencies_of_a_module_call_hold_for_its_resources() -> None:
    edges = plan_graph(platform_plan()).edges
    assert ("module.vision.platform_artifact_bucket.models", "platform_team_account.vision") in edges


def test_dot_alone_draws_the_same_resources(real: tuple[dict[str, Any], str]) -> None:
    graph = dot_graph(real[1])
    assert {n.id for n in graph.nodes} == set(Graph.from_dot(real[1]).nodes)
    assert next(n for n in graph.nodes if n.id.startswith("module")).module == "module.child"
    assert graph_svg(Graph.from_dot(real[1])) == graph_svg(real[1])


def test_module_keys_may_hold_dots_and_brackets() -> None:
    raw = change("platform_gpu_pool.p", None, {}, module='module.a["x.y]"].module.b')
    (node,) = plan_graph(Plan.from_json({"resource_changes": [raw]})).nodes
    assert (node.label, node.kind, node.module) == ("p", "platform_gpu_pool", 'module.a["x.y]"].module.b')


def test_many_instances_are_one_node() -> None:
    raw = [change(f"platform_gpu_pool.p[{i}]", None, {}) for i in range(9)]
    raw[4]["change"]["actions"] = ["delete"]
    (node,) = plan_graph(Plan.from_json({"resource_changes": raw})).nodes
    assert (node.id, len(node.addresses), node.action) == ("platform_gpu_pool.p[*]", 9, "delete")
    assert node.reasons


@pytest.mark.parametrize("modules, each", [(1, 1), (1, 60), (3, 12), (10, 15), (150, 1), (2, 75)])
def test_one_to_150_resources_fit_a_page(modules: int, each: int) -> None:
    graph = plan_graph(Plan.from_json(wide_document(modules, each)))
    assert sum(len(n.addresses) for n in graph.nodes) == modules * each
    if modules * each > MAX_NODES and modules <= MAX_NODES:
        assert len(graph.nodes) <= MAX_NODES
    layout = draw._layout(graph)
    assert layout.width <= draw.COLUMNS * (draw.WIDTH + draw.GAP_X) + 2 * draw.PAD
    boxes = [(x, y, x + draw.WIDTH, y + draw.HEIGHT) for x, y in layout.places.values()]
    for a, b in itertools.combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], "two boxes overlap"


def pairs_below(count: int) -> st.SearchStrategy[tuple[int, set[tuple[int, int]]]]:
    end = st.integers(0, count - 1)
    return st.tuples(st.just(count), st.sets(st.tuples(end, end), max_size=30))


@given(st.integers(1, 12).flatmap(pairs_below))
@examples(60)
def test_any_graph_can_be_drawn_even_with_cycles(material: tuple[int, set[tuple[int, int]]]) -> None:
    count, pairs = material
    nodes = tuple(
        Node(f"t.n{i}", f"n{i}", "t", f"module.m{i % 3}" if i % 2 else "", (f"t.n{i}",)) for i in range(count)
    )
    graph = ResourceGraph(nodes, tuple(sorted((f"t.n{a}", f"t.n{b}") for a, b in pairs if a != b)))
    layout = draw._layout(graph)
    assert set(layout.places) == {n.id for n in nodes}
    assert graph_svg(graph).count("<title>") == count


def test_columns_follow_dependencies() -> None:
    graph = plan_graph(platform_plan())
    places = draw._layout(graph).places
    for dependant, dependency in graph.edges:
        assert places[dependency][0] < places[dependant][0]


def test_each_node_names_itself_to_a_screen_reader() -> None:
    source = graph_svg(platform_plan())
    assert "<title>module.vision.platform_gpu_pool.train: replace; risk: replaces a stateful resource" in source
    assert source.count('role="img"') == len(plan_graph(platform_plan()).nodes)


def test_blast_radius_is_what_networkx_says() -> None:
    graph = plan_graph(Plan.from_json(wide_document(3, 6)))
    starts = changed_nodes(graph, ["module.team1"])
    assert len(starts) == 6
    reversed_graph = nx.DiGraph([(b, a) for a, b in graph.edges])
    expected = set().union(*(nx.descendants(reversed_graph, s) for s in starts))
    assert graph.dependants(starts) == expected
    assert "6 changed, 12 of 18 resources in reach" in blast_radius_svg(graph, ["module.team1"])


def test_blast_radius_of_an_address_is_not_that_of_one_that_begins_alike() -> None:
    raw = [change(f"platform_gpu_pool.{name}", None, {}) for name in ("p", "pp")]
    graph = plan_graph(Plan.from_json({"resource_changes": raw}))
    assert changed_nodes(graph, ["platform_gpu_pool.p"]) == {"platform_gpu_pool.p"}


def test_blast_radius_of_nothing_is_nothing() -> None:
    assert "0 changed, 0 of 6" in blast_radius_svg(platform_plan(), [])
