// version: 0.1.0
module acme.test/platform/oci-store

go 1.26.10

require github.com/google/go-containerregistry v0.22.1
