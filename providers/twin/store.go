package twin

import (
	"maps"
	"net/http"
	"slices"
	"time"

	toolkitcfg "github.com/xdc-project/xdc/providers/toolkit"
	"github.com/xdc-project/xdc/providers/twin/api"
)

// store is what an instance keeps for applications. It is guarded by the data centre's lock.
type store struct {
	configs   map[string]*configuration
	variables map[string]string
	groups    map[string]bool
}

// configuration is an application configuration.
type configuration struct {
	description       string
	properties        map[string]string
	created, modified time.Time
}

// maxKept bounds how many of each kind there can be.
const maxKept = 10_000

// defaultGroup is the job group that every instance has.
const defaultGroup = "default"

func newStore() store {
	return store{configs: map[string]*configuration{}, variables: map[string]string{}, groups: map[string]bool{defaultGroup: true}}
}

// configure makes the application configuration in which toolkits look for their settings, as the plan states them.
func (s *store) configure(cfg Config, i int) {
	for _, j := range cfg.Jobs {
		if j.Target != cfg.Targets[i].Name || j.Toolkit == nil || j.Toolkit.MainComposite == "" {
			continue
		}
		name, properties := toolkitcfg.Object(*j.Toolkit, j.Target, otherMachines(cfg, i, j))
		if s.configs[name] == nil {
			s.configs[name] = &configuration{properties: map[string]string{}, created: time.Now(), modified: time.Now()}
		}
		maps.Copy(s.configs[name].properties, properties)
	}
}

// group makes a job group known. Assumption twin.groups.
func (s *store) group(name string) {
	if name != "" && len(s.groups) < maxKept {
		s.groups[name] = true
	}
}

// change makes a configuration, or changes one: a property of null is deleted, those that are not named stay.
func (s *store) change(name string, what api.ConfigurationChange, create bool) error {
	old := s.configs[name]
	switch {
	case name == "":
		return api.Fail(http.StatusBadRequest, "", "An application configuration needs a name.")
	case create && old != nil:
		return api.Fail(http.StatusConflict, "", "The application configuration %s exists already.", name)
	case create && len(s.configs) >= maxKept:
		return api.Fail(http.StatusConflict, "", "There are %d application configurations already.", maxKept)
	case !create && old == nil:
		return noConfiguration(name)
	}
	next := configuration{properties: map[string]string{}, created: time.Now(), modified: time.Now()}
	if old != nil {
		next.description, next.created, next.properties = old.description, old.created, maps.Clone(old.properties)
	}
	if what.Description != nil {
		next.description = *what.Description
	}
	for k, v := range what.Properties {
		if v == nil {
			delete(next.properties, k)
		} else {
			next.properties[k] = *v
		}
	}
	s.configs[name] = &next
	return nil
}

func noConfiguration(name string) error {
	return api.Fail(http.StatusNotFound, api.NoConfig, "The application configuration %s does not exist in the instance.", name)
}

// sorted lists the keys of a map.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
