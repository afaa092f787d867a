package complete

deny := "no owner" if not input.owner

deny := "no cost centre" if not input.cost_centre
