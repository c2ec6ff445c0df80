package document

import _ "embed"

// What Leadflow starts with, as written. They are read by the same functions as everybody else's.
var (
	//go:embed defaults/model.yaml
	DefaultModel []byte
	//go:embed defaults/sequence.yaml
	DefaultSequence []byte
	//go:embed defaults/policy.yaml
	DefaultPolicy []byte
	//go:embed defaults/policy-fast.yaml
	FastPolicy []byte
	//go:embed defaults/routing.yaml
	DefaultRouting []byte
	//go:embed defaults/behaviour.yaml
	DefaultBehaviour []byte
)
