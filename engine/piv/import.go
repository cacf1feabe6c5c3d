package piv

import (
	"context"

	"cardkiosk/engine"
)

// ImportKey refuses: no card is known to take keys yet (Abilities.ImportKeys).
func (u *unlocked) ImportKey(_ context.Context, at engine.Place, _ engine.KeyMaterial, _ engine.KeySpec) (engine.Key, error) {
	return engine.Key{}, refused("import key", string(at), "the card takes no keys from elsewhere")
}
