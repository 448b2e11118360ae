// Package bundle reads what an application bundle (.sab) says of its application: its submission-time parameters and its
// parallel regions.
//
// A bundle is a jar: bundleInfo.xml in it names the application description (ADL), which lies in tar/bundle.tar below the
// output directory. So says the source of the platform's open-sourced version (its bundle loader and the schemas
// bundleInfoModel_v4000 and adlModel v4200); that bundles of 7.2 are made the same way is INFERRED: assumption
// bundle.description. Nothing is run, and nothing is written.
package bundle

import (
	"archive/tar"
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// Limits of what is read.
const (
	maxEntries = 20_000
	maxInfo    = 16 << 20  // of bundleInfo.xml, which lists all files, in bytes
	maxADL     = 64 << 20  // of the application description
	maxTar     = 512 << 20 // of what stands in front of it in the archive
	maxDepth   = 200       // of XML elements
	maxNamed   = 10_000    // parameters, regions
)

// Parameter is a submission-time parameter.
type Parameter struct {
	Name      string
	Composite string // NAMESPACE::COMPOSITE that uses it
	List      bool
	Required  bool
	Default   string
}

// Region is a parallel region.
type Region struct {
	Name  string
	Width string // constant; empty where Parameter says it
	// Parameter is the name of the parameter that says how wide it is; empty where the width is constant.
	Parameter string
}

// Description is what a bundle says of its application.
type Description struct {
	Application string
	Parameters  []Parameter
	Regions     []Region
}

// ErrNone says that there is no description in a bundle, or none in a form that is known. It is no mistake of the user's.
var ErrNone = errors.New("the bundle has no description that xdc can read")

// Read finds and reads the description.
func Read(r io.ReaderAt, size int64) (*Description, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: it is not a zip archive: %w", ErrNone, err)
	}
	if len(z.File) > maxEntries {
		return nil, fmt.Errorf("%w: it has %d entries", ErrNone, len(z.File))
	}
	adl, err := adlName(z)
	if err != nil {
		return nil, err
	}
	for _, f := range z.File {
		if strings.TrimPrefix(f.Name, "/") == "tar/bundle.tar" {
			return fromTar(f, adl)
		}
	}
	return nil, fmt.Errorf("%w: there is no tar/bundle.tar in it", ErrNone)
}

// adlName is where bundleInfo.xml says that the description is.
func adlName(z *zip.Reader) (string, error) {
	for _, f := range z.File {
		if strings.TrimPrefix(f.Name, "/") != "bundleInfo.xml" {
			continue
		}
		in, err := f.Open()
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrNone, err)
		}
		defer in.Close()
		info := struct {
			ADL    string `xml:"adlFile,attr"`
			Output string `xml:"outputDirectory,attr"`
		}{}
		if err := walk(io.LimitReader(in, maxInfo), func(at []string, e xml.StartElement) {
			if len(at) == 1 {
				info.ADL, info.Output = attr(e, "adlFile"), attr(e, "outputDirectory")
			}
		}, nil); err != nil && info.ADL == "" {
			return "", fmt.Errorf("%w: bundleInfo.xml: %w", ErrNone, err)
		}
		if info.ADL == "" {
			break
		}
		return path.Clean(info.Output + "/" + info.ADL), nil
	}
	return "", fmt.Errorf("%w: there is no bundleInfo.xml in it that names one", ErrNone)
}

func fromTar(f *zip.File, name string) (*Description, error) {
	in, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	defer in.Close()
	t := tar.NewReader(io.LimitReader(in, maxTar))
	for range 10 * maxEntries {
		h, err := t.Next()
		if err != nil {
			return nil, fmt.Errorf("%w: %s is not in tar/bundle.tar: %w", ErrNone, name, err)
		}
		if path.Clean(h.Name) == name && h.Typeflag == tar.TypeReg {
			return parse(io.LimitReader(t, maxADL))
		}
	}
	return nil, fmt.Errorf("%w: tar/bundle.tar has too many entries", ErrNone)
}

// parse reads an application description.
func parse(r io.Reader) (*Description, error) {
	d := &Description{}
	root := ""
	index := map[string]string{} // name of a parameter by its index
	needs := map[int]string{}    // index of a parameter by region
	err := walk(r, func(at []string, e xml.StartElement) {
		if len(at) == 1 {
			root = e.Name.Local
		}
		switch inside := parent(at); {
		case e.Name.Local == "splApplication" && d.Application == "":
			d.Application = attr(e, "name")
		case e.Name.Local == "submissionTimeValue" && inside == "submissionTimeValues" && len(d.Parameters) < maxNamed:
			p := Parameter{Name: attr(e, "name"), Composite: attr(e, "compositeName"), List: attr(e, "kind") == "namedList", Default: attr(e, "defaultValue")}
			required, err := strconv.ParseBool(attr(e, "required"))
			p.Required = err == nil && required && !has(e, "defaultValue")
			if p.Name == "" {
				return
			}
			d.Parameters = append(d.Parameters, p)
			index[attr(e, "index")] = p.Name
		case e.Name.Local == "parallelRegion" && inside == "parallelRegions" && len(d.Regions) < maxNamed:
			d.Regions = append(d.Regions, Region{Name: attr(e, "name")})
		}
	}, func(at []string, text string) {
		if len(d.Regions) == 0 {
			return
		}
		switch at[len(at)-1] {
		case "constantWidth":
			d.Regions[len(d.Regions)-1].Width = text
		case "submissionTimeParameterIndexForWidth":
			needs[len(d.Regions)-1] = text
		}
	})
	if err != nil {
		return nil, fmt.Errorf("%w: its application description: %w", ErrNone, err)
	}
	if root != "applicationSet" {
		return nil, fmt.Errorf("%w: its application description is a %.40q", ErrNone, root)
	}
	for n, i := range needs {
		d.Regions[n].Parameter = index[i]
	}
	return d, nil
}

// errDeep says that XML is nested too deeply.
var errDeep = errors.New("its elements are nested too deeply")

// walk goes through XML without keeping it. start is given each element with the names of those around it and its own;
// text, which may be nil, what stands directly in an element.
func walk(r io.Reader, start func(at []string, e xml.StartElement), text func(at []string, s string)) error {
	dec := xml.NewDecoder(r)
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var at []string
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) && len(at) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if len(at) >= maxDepth {
				return errDeep
			}
			at = append(at, tok.Name.Local)
			start(at, tok)
		case xml.EndElement:
			at = at[:len(at)-1]
		case xml.CharData:
			if s := strings.TrimSpace(string(tok)); s != "" && len(at) > 0 && text != nil {
				text(at, s)
			}
		}
	}
}

func parent(at []string) string {
	if len(at) < 2 {
		return ""
	}
	return at[len(at)-2]
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func has(e xml.StartElement, name string) bool {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return true
		}
	}
	return false
}
