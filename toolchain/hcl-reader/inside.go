package main

import "github.com/hashicorp/hcl/v2"

// inside reads what a caller does not write but has in its state: resources, module calls, and how addresses changed.
func (r *reader) inside(block *hcl.Block) {
	at := placeOf(block.DefRange)
	switch block.Type {
	case "resource":
		name := block.Labels[0] + "." + block.Labels[1]
		r.answer.Resources = append(r.answer.Resources, resource{name, r.repetition(block), at})
	case "module":
		r.answer.ModuleCalls = append(r.answer.ModuleCalls, moduleCall{block.Labels[0], r.repetition(block), at})
	case "moved":
		found := r.attributes(block.Body, movedSchema)
		r.answer.Moved = append(r.answer.Moved, moved{From: addressOf(found["from"]), To: addressOf(found["to"]), place: at})
	case "removed":
		content, _, diags := block.Body.PartialContent(removedSchema)
		r.diags = append(r.diags, diags...)
		// Without a lifecycle block Terraform destroys.
		gone := moved{From: addressOf(content.Attributes["from"]), Destroy: true, place: at}
		for _, inner := range content.Blocks {
			if destroy := r.attributes(inner.Body, lifecycleSchema)["destroy"]; destroy != nil {
				gone.Destroy = r.flag(destroy)
			}
		}
		r.answer.Removed = append(r.answer.Removed, gone)
	}
}

func (r *reader) repetition(block *hcl.Block) string {
	found := r.attributes(block.Body, repetitionSchema)
	for _, name := range []string{"count", "for_each"} {
		if found[name] != nil {
			return name
		}
	}
	return ""
}

func addressOf(attribute *hcl.Attribute) string {
	if attribute == nil {
		return ""
	}
	return address(attribute.Expr)
}

// address returns an address as Terraform writes it; empty when expr is none.
func address(expr hcl.Expression) string {
	used, diags := hcl.AbsTraversalForExpr(expr)
	if diags.HasErrors() {
		return ""
	}
	return spelt(used)
}
