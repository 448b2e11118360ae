package resource

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/value"
)

// Bounds, in bytes.
const (
	minTake          = 1 << 20
	minMemoryReserve = 64 << 20
	minBlock         = 512
	maxBlock         = 64 << 20
	maxPath          = 4000
)

// arguments are what the faults receive; sizes are bytes, shares are from 0 to 1. What is nil was not given.
type arguments struct {
	Hosts   []string `json:"hosts"`
	Load    *float64 `json:"load"`
	Cores   *float64 `json:"cores"`
	Size    *float64 `json:"size"`
	Level   *float64 `json:"level"`
	Reserve *float64 `json:"reserve"`
	Path    string   `json:"path"`
	Writers int      `json:"writers"`
	Block   float64  `json:"block"`
	Rate    *float64 `json:"rate"` // bytes a second
}

// decode reads the arguments of a fault and fills in what was not given.
func (k kind) decode(raw json.RawMessage) (*arguments, diag.List) {
	a := &arguments{}
	if err := json.Unmarshal(raw, a); err != nil {
		return nil, diag.List{}.Append(fmt.Errorf("read the arguments of the fault: %w", err))
	}
	switch k.name {
	case "resource_cpu":
		if a.Load == nil && a.Cores == nil {
			a.Load = new(1.0)
		}
	case "resource_io":
		if a.Path == "" {
			a.Path = "/var/tmp"
		}
		if a.Writers == 0 {
			a.Writers = 4
		}
		if a.Block == 0 {
			a.Block = 1 << 20
		}
		if a.Size == nil {
			a.Size = new(float64(256 << 20))
		}
	}
	out := a.checkHosts()
	return a, append(out, k.check(a)...)
}

// finding is an error about one argument.
func finding(code diag.Code, attr, summary, detail string) diag.List {
	return diag.List{{Severity: diag.Error, Code: code, Summary: summary, Detail: detail, Path: cty.GetAttrPath(attr)}}
}

func (a *arguments) checkHosts() diag.List {
	if len(a.Hosts) == 0 {
		return finding(diag.ProviderArgument, "hosts", "The fault has no hosts", "Name the hosts that are meant, such as target.dc1.host.edge.")
	}
	return nil
}

func (a *arguments) checkCPU() diag.List {
	switch {
	case a.Load != nil && a.Cores != nil:
		return finding(diag.ResourceTooMuch, "cores", "`load` and `cores` exclude each other", "Say how much processor time is meant either as a share of the machine or in cores.")
	case a.Load != nil && !(*a.Load >= 0.0001 && *a.Load <= 1):
		return finding(diag.ResourceTooMuch, "load", "The load is out of bounds", "Write a share from 0.01% to 100%.")
	case a.Cores != nil && !(*a.Cores >= 0.01 && *a.Cores <= 4096):
		return finding(diag.ResourceTooMuch, "cores", "The number of cores is out of bounds", "Write a number from 0.01 to 4096.")
	}
	return nil
}

// checkAmount is for what is taken either up to a level or by size.
func (a *arguments) checkAmount() diag.List {
	switch {
	case a.Size == nil && a.Level == nil:
		return finding(diag.ResourceTooMuch, "size", "It is not said how much is meant", "Give `size`, such as \"512MiB\", or `level`, such as \"90%\".")
	case a.Size != nil && a.Level != nil:
		return finding(diag.ResourceTooMuch, "level", "`size` and `level` exclude each other", "Say how much is meant either as a size or as the share that is in use in the end.")
	case a.Level != nil && !(*a.Level > 0 && *a.Level <= 1):
		return finding(diag.ResourceTooMuch, "level", "The level is out of bounds", "Write a share above 0% and up to 100%.")
	case a.Size != nil && !(*a.Size >= minTake && *a.Size < 1<<60):
		return finding(diag.ResourceTooMuch, "size", "The size is out of bounds", "Write at least \"1MiB\".")
	}
	return nil
}

func (a *arguments) checkMemory() diag.List {
	out := a.checkAmount()
	if a.Reserve != nil && !(*a.Reserve >= minMemoryReserve && *a.Reserve < 1<<60) {
		out = append(out, finding(diag.ResourceTooMuch, "reserve", "The reserve is too small", "A host with less than 64MiB of memory available may not be reachable any more. Write at least \"64MiB\".")...)
	}
	return out
}

// checkPath is for folders on the host.
func (a *arguments) checkPath() diag.List {
	bad := func(detail string) diag.List {
		return finding(diag.ProviderArgument, "path", "The path cannot be a folder of the host", detail)
	}
	switch {
	case !strings.HasPrefix(a.Path, "/"):
		return bad("Write an absolute path, such as \"/var/tmp\".")
	case strings.ContainsRune(a.Path, 0):
		return bad("A zero byte cannot be in a path.")
	case len(a.Path) > maxPath:
		return bad(fmt.Sprintf("It is %d bytes long; at most %d are possible.", len(a.Path), maxPath))
	}
	return nil
}

func (a *arguments) checkDiskReserve() diag.List {
	if a.Reserve != nil && !(*a.Reserve >= 0 && *a.Reserve < 1<<60) {
		return finding(diag.ResourceTooMuch, "reserve", "The reserve is out of bounds", "Write a size such as \"1GiB\".")
	}
	return nil
}

func (a *arguments) checkDisk() diag.List {
	return append(append(a.checkPath(), a.checkAmount()...), a.checkDiskReserve()...)
}

func (a *arguments) checkIO() diag.List {
	out := append(a.checkPath(), a.checkDiskReserve()...)
	switch {
	case a.Writers < 1 || a.Writers > 64:
		out = append(out, finding(diag.ResourceTooMuch, "writers", "The number of writers is out of bounds", "Write a number from 1 to 64.")...)
	case !(a.Block >= minBlock && a.Block <= maxBlock):
		out = append(out, finding(diag.ResourceTooMuch, "block", "The block is out of bounds", "Write a size from \"512B\" to \"64MiB\".")...)
	case !(*a.Size >= a.Block*float64(a.Writers) && *a.Size < 1<<60):
		out = append(out, finding(diag.ResourceTooMuch, "size", "The files are too small", fmt.Sprintf("%d writers with blocks of %s need at least %s.", a.Writers, inBytes(a.Block), inBytes(a.Block*float64(a.Writers))))...)
	case a.Rate != nil && !(*a.Rate >= float64(a.Writers) && *a.Rate < 1<<50):
		out = append(out, finding(diag.ResourceTooMuch, "rate", "The rate is out of bounds", "Write a number of bytes a second, such as \"20MB\"; without `rate` the writers write as much as the disk takes.")...)
	}
	return out
}

// inBytes prints a size for people, in whichever units are shorter.
func inBytes(f float64) string {
	n := int64(f)
	binary := value.FormatSize(n)
	for _, u := range []struct {
		name string
		size int64
	}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}} {
		if decimal := strconv.FormatInt(n/u.size, 10) + u.name; n > 0 && n%u.size == 0 && len(decimal) < len(binary) {
			return decimal
		}
	}
	return binary
}

// whole writes a number that was given as a shell's arithmetic takes it, in steps of 1/scale; "" when it was not given.
func whole(f *float64, scale float64) string {
	if f == nil {
		return ""
	}
	return strconv.FormatInt(int64(math.Round(*f*scale)), 10)
}

// share prints a share for people.
func share(f float64) string { return strconv.FormatFloat(math.Round(f*10000)/100, 'f', -1, 64) + "%" }
