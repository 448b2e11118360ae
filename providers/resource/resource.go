// Package resource has the faults that take a host's resources away: processor time, memory, disk bandwidth, disk space,
// a mounted folder.
//
// What takes them are ordinary processes of the host's own tools, tagged with the fault's name. Each is the first that the
// kernel ends when memory runs out, and each ends by itself when it finds the fault closed. Nothing that they hold has a
// name in a file system, so nothing survives their end. A folder is covered by a mount, which nothing but the kernel holds. How the undo is armed and run is package host's business.
package resource

import (
	"encoding/json"

	"github.com/zclconf/go-cty/cty"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/schema"
	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/host"
)

// Name is the provider's name.
const Name = "resource"

// Provider describes everything this package does.
func Provider() *providers.Provider {
	p := &providers.Provider{
		Name: Name,
		Doc:  "Takes processor time, memory, disk bandwidth and disk space of hosts away, within bounds that leave the host reachable. Rehearsals have the faults of disks and skip the rest.",
	}
	for _, k := range kinds() {
		p.Faults = append(p.Faults, k.faultType())
	}
	return p
}

// kind is one of the faults.
type kind struct {
	name    string
	doc     string
	example string
	stages  bool
	own     []schema.Attribute
	// check finds what is wrong with the arguments as far as they alone say.
	check func(a *arguments) diag.List
	// twin says that the fault works on the file systems of a stand-in.
	twin bool
	// words say what is done and, after the heal, what becomes of it.
	words func(a *arguments) (do, undo string)
	texts texts
}

func kinds() []kind { return []kind{cpu(), memory(), inOut(), disk(), unmount()} }

func (k kind) faultType() providers.FaultType {
	return providers.FaultType{
		Name: k.name, Doc: k.doc, Example: k.example, Stages: k.stages, Twin: k.twin,
		Schema: &schema.Block{Name: k.name, Description: k.doc, Attributes: append([]schema.Attribute{host.HostsAttr(true)}, k.own...)},
		Describe: func(s providers.Scope, raw json.RawMessage) (providers.Description, diag.List) {
			return k.describe(s, raw)
		},
		New: func(env providers.Env) providers.Deed {
			if k.twin && env.Volumes != nil {
				return &standIn{k, env}
			}
			return host.Fault{Provider: Name, Type: k.name, Works: k.works}.New(env)
		},
	}
}

func cpu() kind {
	return kind{
		name: "resource_cpu", stages: true,
		doc: "Keeps processors busy: a loop for each whole core, and one that works and sleeps in turn for the rest. The loops run at normal priority, as a program gone mad would; an SSH server of normal priority still gets its share. `stage` blocks replace the load.",
		own: []schema.Attribute{
			{
				Name: "load", Type: cty.Number, Form: schema.Percent, Public: true,
				Description: "How much of the whole machine's processor time to ask for. Default: 100%, unless `cores` is there. With `stage` blocks it is what the fault begins with.", Example: `"80%"`,
			},
			{
				Name: "cores", Type: cty.Number, Min: new(0.01), Max: new(float64(4096)), Public: true,
				Description: "How many cores to ask for instead; 0.5 is half of one. More than the host has refuses the run.", Example: "1.5",
			},
		},
		example: `hosts    = [target.dc1.host.edge]
load     = "80%"
duration = "60s"`,
		check: (*arguments).checkCPU, words: (*arguments).cpuWords,
		texts: texts{look: cpuLook, inject: cpuInject, loop: cpuLoop, verify: cpuVerify},
	}
}

func memory() kind {
	return kind{
		name: "resource_memory",
		doc:  "Takes memory and holds it. What would leave less than the reserve available refuses the run; limits of the control group that the fault runs in count as the machine's. If less than half the reserve is available later, the memory is let go at once.",
		own: []schema.Attribute{
			{
				Name: "size", Type: cty.Number, Form: schema.Size, Public: true,
				Description: "How much memory to take, at least 1MiB. Give this or `level`.", Example: `"512MiB"`,
			},
			{
				Name: "level", Type: cty.Number, Form: schema.Percent, Public: true,
				Description: "Takes as much as is missing until this share of the memory is not available any more, whoever uses the rest.", Example: `"90%"`,
			},
			{
				Name: "reserve", Type: cty.Number, Form: schema.Size, Public: true,
				Description: "How much memory must stay available, at least 64MiB. Default: 5% of the memory, and not less than 256MiB.", Example: `"1GiB"`,
			},
		},
		example: `hosts    = [target.dc1.host.edge]
level    = "90%"
duration = "60s"`,
		check: (*arguments).checkMemory, words: (*arguments).memoryWords,
		texts: texts{look: memoryLook, inject: memoryInject, loop: memoryLoop, verify: memoryVerify},
	}
}

func inOut() kind {
	return kind{
		name: "resource_io",
		doc:  "Writes to a disk again and again and waits each time until the disk has it (fsync). The files have no name, are rewritten in place and never grow beyond `size`.",
		own: []schema.Attribute{
			{
				Name: "path", Type: cty.String, Default: cty.StringVal("/var/tmp"), Public: true,
				Description: "A folder of the host on the disk that is meant, as an absolute path. A file system in memory refuses the run.", Example: `"/var/lib/orders"`,
			},
			{
				Name: "writers", Type: cty.Number, Min: new(float64(1)), Max: new(float64(64)), Default: cty.NumberIntVal(4), Public: true,
				Description: "How many processes write at the same time.", Example: "8",
			},
			{
				Name: "block", Type: cty.Number, Form: schema.Size, Default: cty.NumberIntVal(1 << 20), Public: true,
				Description: "How much each write call hands over, from 512 bytes to 64MiB.", Example: `"64KiB"`,
			},
			{
				Name: "size", Type: cty.Number, Form: schema.Size, Default: cty.NumberIntVal(256 << 20), Public: true,
				Description: "How much space all the files take together. Each writer needs at least one block.", Example: `"1GiB"`,
			},
			{
				Name: "rate", Type: cty.Number, Form: schema.Size, Public: true,
				Description: "How many bytes a second all the writers write together at most. Without it, as many as the disk takes.", Example: `"20MB"`,
			},
			diskReserve(),
		},
		example: `hosts    = [target.dc1.host.edge]
path     = "/var/tmp"
duration = "60s"`,
		check: (*arguments).checkIO, words: (*arguments).ioWords,
		texts: texts{look: ioLook, inject: ioInject, loop: ioLoop, verify: ioVerify, state: diskState},
	}
}

func disk() kind {
	return kind{
		name: "resource_disk", twin: true,
		doc: "Fills a file system with a file that has no name: the space is free again as soon as the process that holds it ends, and after a loss of power. What would leave less than the reserve refuses the run.",
		own: []schema.Attribute{
			{
				Name: "path", Type: cty.String, Required: true, Public: true,
				Description: "A folder of the host on the file system that is meant, as an absolute path.", Example: `"/var/lib/orders"`,
			},
			{
				Name: "level", Type: cty.Number, Form: schema.Percent, Public: true,
				Description: "Fills it until this share is in use, as df counts it, whoever uses the rest. Give this or `size`.", Example: `"95%"`,
			},
			{
				Name: "size", Type: cty.Number, Form: schema.Size, Public: true,
				Description: "How much space to take, at least 1MiB.", Example: `"2GiB"`,
			},
			diskReserve(),
		},
		example: `hosts    = [target.dc1.host.edge]
path     = "/var/tmp"
level    = "95%"
duration = "60s"`,
		check: (*arguments).checkDisk, words: (*arguments).diskWords,
		texts: texts{look: diskLook, inject: diskInject, loop: diskLoop, verify: diskVerify, state: diskState},
	}
}

func unmount() kind {
	return kind{
		name: "resource_unmount", twin: true,
		doc: "Covers a folder, so that it looks as where its file system is not mounted: empty, and nothing can be written. What has files in it open goes on with them. " +
			"The heal takes the cover away, and everything is there as it was. It needs root. Folders that hold the system refuse the run.",
		own: []schema.Attribute{{
			Name: "path", Type: cty.String, Required: true, Public: true,
			Description: "The folder of the host, as an absolute path. Programs in mount namespaces of their own (containers) may go on seeing what is under the cover.", Example: `"/var/lib/orders/snapshots"`,
		}},
		example: `hosts    = [target.dc1.host.edge]
path     = "/var/tmp"
duration = "60s"`,
		check: (*arguments).checkPath, words: (*arguments).unmountWords,
		texts: texts{look: unmountLook, inject: unmountInject, loop: "", verify: unmountVerify, state: unmountState, undo: unmountUndo, left: unmountLeft},
	}
}

func diskReserve() schema.Attribute {
	return schema.Attribute{
		Name: "reserve", Type: cty.Number, Form: schema.Size, Public: true,
		Description: "How much space must stay free. Default: 1% of the file system, and not less than 64MiB. Where the system itself lives (the file systems of / and of xdc's own folder) at least 16MiB; elsewhere \"0B\" fills it to the brim.", Example: `"1GiB"`,
	}
}
