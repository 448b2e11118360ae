// Package syntax reads plan files into raw blocks. Nothing is evaluated here.
//
// It knows which blocks may stand at the top of a plan and what labels they have, in native and in JSON
// syntax, and finds names that are used twice. lang/config gives the blocks their types.
package syntax

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"

	"github.com/xdc-project/xdc/lang/diag"
	"github.com/xdc-project/xdc/lang/source"
)

// A Tree holds the blocks of all the files of one folder, in the order of the files.
type Tree struct {
	Set    *source.Set
	Blocks []*Block
	// Root is the range a finding about the whole plan points at: the start of its first file.
	Root hcl.Range
	// Damaged says that a file could not be read as HCL, so that blocks may be missing.
	Damaged bool
}

// A Block is one block at the top of a file.
type Block struct {
	Type        string
	Labels      []string
	LabelRanges []hcl.Range
	// Range is the block's header, TypeRange its type word.
	Range     hcl.Range
	TypeRange hcl.Range
	Body      hcl.Body
}

// labels are the blocks of the language and their labels.
var labels = []hcl.BlockHeaderSchema{
	{Type: "plan", LabelNames: []string{"name"}},
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "locals"},
	{Type: "output", LabelNames: []string{"name"}},
	{Type: "target", LabelNames: []string{"name"}},
	{Type: "job", LabelNames: []string{"name"}},
	{Type: "seed", LabelNames: []string{"type", "name"}},
	{Type: "audit", LabelNames: []string{"name"}},
	{Type: "probe", LabelNames: []string{"name"}},
	{Type: "fault", LabelNames: []string{"type", "name"}},
	{Type: "wait", LabelNames: []string{"name"}},
	{Type: "expect", LabelNames: []string{"name"}},
	{Type: "guard", LabelNames: []string{"name"}},
	{Type: "action", LabelNames: []string{"type", "name"}},
	{Type: "module", LabelNames: []string{"name"}},
}

// Parse reads every plan file of the set. It goes on after errors: what can be read is in the tree.
func Parse(set *source.Set) (*Tree, diag.List) {
	tree := &Tree{Set: set}
	var diags diag.List
	for i, f := range set.Files() {
		if i == 0 {
			tree.Root = hcl.Range{Filename: f.Name, Start: hcl.InitialPos, End: hcl.InitialPos}
		}
		body, ds := parseFile(f)
		diags = append(diags, ds...)
		if body == nil {
			continue
		}
		content, hds := body.Content(&hcl.BodySchema{Blocks: labels})
		if slices.ContainsFunc(ds, func(d diag.Diagnostic) bool { return d.Code == diag.BadSyntax }) {
			// A file that does not parse has lost its structure: what else seems wrong follows from it.
			tree.Damaged, hds = true, nil
		}
		diags = append(diags, FromHCL(hds)...)
		if content == nil {
			continue
		}
		for _, b := range content.Blocks {
			tree.Blocks = append(tree.Blocks, &Block{
				Type: b.Type, Labels: b.Labels, LabelRanges: b.LabelRanges,
				Range: b.DefRange, TypeRange: b.TypeRange, Body: b.Body,
			})
		}
	}
	diags = append(diags, names(tree.Blocks)...)
	return tree, diags
}

func parseFile(f *source.File) (hcl.Body, diag.List) {
	var (
		file *hcl.File
		hds  hcl.Diagnostics
	)
	if f.JSON {
		file, hds = json.ParseWithStartPos(f.Bytes, f.Name, hcl.InitialPos)
	} else {
		file, hds = hclsyntax.ParseConfig(f.Bytes, f.Name, hcl.InitialPos)
	}
	var diags diag.List
	for _, d := range FromHCL(hds) {
		if d.Code == diag.Unclassified {
			d.Code = diag.BadSyntax
		}
		diags = append(diags, d)
	}
	if file == nil {
		return nil, diags
	}
	return file.Body, diags
}
