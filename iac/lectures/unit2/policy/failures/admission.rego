package admission

deny contains "no team" if not input.request.object.metadata.labels.team

refused contains "privileged" if input.request.object.spec.containers[_].securityContext.privileged
