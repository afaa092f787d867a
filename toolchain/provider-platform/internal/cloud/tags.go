package cloud

import "strings"

// The platform keeps its own facts in tags under this prefix; users cannot write them.
const (
	ReservedPrefix = "platform:"
	TagManagedBy   = "platform:managed-by"
	TagOwner       = "platform:owner"
	TagCostCentre  = "platform:cost-centre"
	TagQuota       = "platform:gpu-quota"
	TagRotation    = "platform:rotation-days"
	TagValue       = "platform:value-version"
	TagNetwork     = "platform:network"
	Manager        = "terraform-provider-platform"
)

// Tags is a resource's tags by key.
type Tags map[string]string

// Merge lays the tags of a resource over the default tags.
func (s Settings) Merge(own Tags) Tags {
	merged := Tags{}
	for key, value := range s.DefaultTags {
		merged[key] = value
	}
	for key, value := range own {
		merged[key] = value
	}
	return merged
}

// With adds the platform's own facts; empty ones are left out.
func (t Tags) With(facts Tags) Tags {
	all := Tags{TagManagedBy: Manager}
	for key, value := range t {
		all[key] = value
	}
	for key, value := range facts {
		if value != "" {
			all[key] = value
		}
	}
	return all
}

// User drops the tags that belong to the platform or to AWS, and those named in hidden.
func (t Tags) User(hidden ...string) Tags {
	user := Tags{}
	for key, value := range t {
		if !strings.HasPrefix(key, ReservedPrefix) && !strings.HasPrefix(key, "aws:") && !contains(hidden, key) {
			user[key] = value
		}
	}
	return user
}

// Own is the part of the user's tags that the resource itself must have set: a default tag with its default
// value counts as default unless the resource's last known tags named it.
func (s Settings) Own(user, last Tags) Tags {
	own := Tags{}
	for key, value := range user {
		inherited, isDefault := s.DefaultTags[key]
		if _, named := last[key]; !isDefault || named || value != inherited {
			own[key] = value
		}
	}
	return own
}

// Delta says which tags to set and which to remove to come from the tags that are there to the wanted ones.
func (t Tags) Delta(wanted Tags) (set Tags, remove []string) {
	set = Tags{}
	for key, value := range wanted {
		if have, ok := t[key]; !ok || have != value {
			set[key] = value
		}
	}
	for key := range t {
		if _, keep := wanted[key]; !keep && !strings.HasPrefix(key, "aws:") {
			remove = append(remove, key)
		}
	}
	return set, remove
}

func contains(list []string, item string) bool {
	for _, entry := range list {
		if entry == item {
			return true
		}
	}
	return false
}
