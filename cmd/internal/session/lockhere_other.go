//go:build !unix

package session

import (
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
)

// lockHere does nothing where files have no such locks.
func lockHere(providers.Target, host.LockInfo) (release func(), err error) { return func() {}, nil }
