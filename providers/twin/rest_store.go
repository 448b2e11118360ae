package twin

import (
	"maps"
	"net/http"

	"github.com/xdc-project/xdc/providers/twin/api"
)

// storeRoutes are application configurations and environment variables. Reference: section 2.12.
func (d *dc) storeRoutes() []api.Route {
	const configs, variables = "/instances/{instance}/applicationconfigurations", "/instances/{instance}/applicationenvironmentvariables"
	return []api.Route{
		api.List(configs, "listApplicationConfigurations", "Lists the application configurations.", "applicationConfigurations", "applicationConfiguration", func(c *api.Call) ([]api.ApplicationConfiguration, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			var out []api.ApplicationConfiguration
			for _, name := range sorted(d.store.configs) {
				out = append(out, d.configuration(c, name))
			}
			return out, nil
		}),
		api.Send(http.MethodPost, configs, "createApplicationConfiguration", "Creates an application configuration.", http.StatusCreated, func(c *api.Call, in api.ConfigurationChange) (api.ApplicationConfiguration, error) {
			return d.changeConfiguration(c, text(in.Name), in, true)
		}),
		api.Get(configs+"/{name}", "getApplicationConfiguration", "Reads an application configuration.", func(c *api.Call) (api.ApplicationConfiguration, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.store.configs[c.PathValue("name")] == nil {
				return api.ApplicationConfiguration{}, noConfiguration(c.PathValue("name"))
			}
			return d.configuration(c, c.PathValue("name")), nil
		}),
		api.Send(http.MethodPatch, configs+"/{name}", "changeApplicationConfiguration", "Changes an application configuration.", http.StatusOK, func(c *api.Call, in api.ConfigurationChange) (api.ApplicationConfiguration, error) {
			return d.changeConfiguration(c, c.PathValue("name"), in, false)
		}),
		api.Remove(configs+"/{name}", "deleteApplicationConfiguration", "Deletes an application configuration.", func(c *api.Call) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.store.configs[c.PathValue("name")] == nil {
				return noConfiguration(c.PathValue("name"))
			}
			delete(d.store.configs, c.PathValue("name"))
			return nil
		}),
		api.List(variables, "listApplicationEnvironmentVariables", "Lists the environment variables of applications.", "applicationEnvironmentVariables", "applicationEnvironmentVariable", func(c *api.Call) ([]api.EnvironmentVariable, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			var out []api.EnvironmentVariable
			for _, name := range sorted(d.store.variables) {
				out = append(out, d.variable(c, name))
			}
			return out, nil
		}),
		api.Send(http.MethodPost, variables, "createApplicationEnvironmentVariable", "Creates an environment variable.", http.StatusCreated, func(c *api.Call, in api.VariableChange) (api.EnvironmentVariable, error) {
			return d.changeVariable(c, text(in.Name), in, true)
		}),
		api.Get(variables+"/{name}", "getApplicationEnvironmentVariable", "Reads an environment variable.", func(c *api.Call) (api.EnvironmentVariable, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if _, ok := d.store.variables[c.PathValue("name")]; !ok {
				return api.EnvironmentVariable{}, api.Missing("applicationEnvironmentVariable", c.PathValue("name"))
			}
			return d.variable(c, c.PathValue("name")), nil
		}),
		api.Send(http.MethodPatch, variables+"/{name}", "changeApplicationEnvironmentVariable", "Changes an environment variable.", http.StatusOK, func(c *api.Call, in api.VariableChange) (api.EnvironmentVariable, error) {
			return d.changeVariable(c, c.PathValue("name"), in, false)
		}),
		api.Remove(variables+"/{name}", "deleteApplicationEnvironmentVariable", "Deletes an environment variable.", func(c *api.Call) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			if _, ok := d.store.variables[c.PathValue("name")]; !ok {
				return api.Missing("applicationEnvironmentVariable", c.PathValue("name"))
			}
			delete(d.store.variables, c.PathValue("name"))
			return nil
		}),
	}
}

// text is a string that may not be given.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// configuration shows a configuration. d.mu is held.
func (d *dc) configuration(c *api.Call, name string) api.ApplicationConfiguration {
	a := d.store.configs[name]
	return api.ApplicationConfiguration{
		Element: element("applicationConfiguration", name, d.at(c).To("applicationconfigurations", name)), Name: name, Description: a.description, Owner: d.cfg.Username, Properties: maps.Clone(a.properties),
		CreationTime: d.stamp(a.created), LastModifiedTime: d.stamp(a.modified),
	}
}

func (d *dc) changeConfiguration(c *api.Call, name string, in api.ConfigurationChange, create bool) (api.ApplicationConfiguration, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.store.change(name, in, create); err != nil {
		return api.ApplicationConfiguration{}, err
	}
	return d.configuration(c, name), nil
}

// variable shows an environment variable. d.mu is held.
func (d *dc) variable(c *api.Call, name string) api.EnvironmentVariable {
	return api.EnvironmentVariable{
		Element: element("applicationEnvironmentVariable", name, d.at(c).To("applicationenvironmentvariables", name)), Name: name, Value: d.store.variables[name],
	}
}

func (d *dc) changeVariable(c *api.Call, name string, in api.VariableChange, create bool) (api.EnvironmentVariable, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, there := d.store.variables[name]
	switch {
	case name == "":
		return api.EnvironmentVariable{}, api.Fail(http.StatusBadRequest, "", "An environment variable needs a name.")
	case create && (there || len(d.store.variables) >= maxKept):
		return api.EnvironmentVariable{}, api.Fail(http.StatusConflict, "", "The environment variable %s exists already, or there are too many.", name)
	case !create && !there:
		return api.EnvironmentVariable{}, api.Missing("applicationEnvironmentVariable", name)
	}
	if in.Value != nil || create {
		d.store.variables[name] = text(in.Value)
	}
	return d.variable(c, name), nil
}
