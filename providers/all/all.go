// Package all lists the providers that ship with xdc.
package all

import (
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/dataexchange"
	execaction "github.com/xdc-project/xdc/providers/exec"
	"github.com/xdc-project/xdc/providers/hostcommand"
	"github.com/xdc-project/xdc/providers/hosts"
	httpaction "github.com/xdc-project/xdc/providers/http"
	"github.com/xdc-project/xdc/providers/inetserver"
	"github.com/xdc-project/xdc/providers/jolokia"
	"github.com/xdc-project/xdc/providers/network"
	"github.com/xdc-project/xdc/providers/process"
	"github.com/xdc-project/xdc/providers/prometheus"
	"github.com/xdc-project/xdc/providers/resource"
	"github.com/xdc-project/xdc/providers/streams"
	"github.com/xdc-project/xdc/providers/toolkit"
	"github.com/xdc-project/xdc/providers/toxiproxy"
	"github.com/xdc-project/xdc/providers/twin"
)

// Providers returns every provider that ships.
func Providers() []*providers.Provider {
	return []*providers.Provider{
		streams.Provider(), dataexchange.Provider(), inetserver.Provider(), toolkit.Provider(), network.Provider(), process.Provider(), resource.Provider(), hostcommand.Provider(), toxiproxy.Provider(),
		hosts.Provider(), httpaction.Provider(), execaction.Provider(), prometheus.Provider(), jolokia.Provider(),
		{Name: "twin", Doc: "The model that rehearsals run against.", Assumptions: twin.Assumptions()},
	}
}

// Registry is the registry of Providers.
func Registry() *providers.Registry { return providers.NewRegistry(Providers()...) }
