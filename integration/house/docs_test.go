package house

import (
	"go/ast"
	"strings"
	"testing"
)

// TestPackageDocs checks that each package says what it is. In a package
// without files but tests, a test may say it.
func TestPackageDocs(t *testing.T) {
	documented := make(map[string]bool)
	for _, s := range products(t) {
		want := "Package " + s.ast.Name.Name + " "
		if s.ast.Name.Name == "main" {
			want = "Command "
		}
		doc := s.ast.Doc.Text()
		if doc != "" && !strings.HasPrefix(doc, want) {
			t.Errorf("%s: package doc begins %.40q, want %q", s.path, doc, want)
		}
		documented[s.dir()] = documented[s.dir()] || doc != ""
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no package doc", dir)
		}
	}
}

// TestExportedDocs checks that each exported name has a doc comment: types,
// functions, methods of exported types, constants and variables (there, one
// for the group, or on the same line, will do).
func TestExportedDocs(t *testing.T) {
	names := 0
	for _, s := range products(t) {
		for _, d := range s.ast.Decls {
			for _, e := range exported(d) {
				names++
				if !e.documented {
					t.Errorf("%s: %s has no doc comment", s.at(e.name), e.name.Name)
				}
			}
		}
	}
	if names == 0 {
		t.Error("no exported name found")
	}
}

// export is a name that other packages see.
type export struct {
	name       *ast.Ident
	documented bool
}

// exported returns what d declares for other packages.
func exported(d ast.Decl) []export {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d))) {
			return []export{{d.Name, d.Doc != nil}}
		}
	case *ast.GenDecl:
		var found []export
		for _, spec := range d.Specs {
			found = append(found, exportedSpec(d, spec)...)
		}
		return found
	}
	return nil
}

func exportedSpec(d *ast.GenDecl, spec ast.Spec) []export {
	var found []export
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Name.IsExported() {
			found = append(found, export{spec.Name, spec.Doc != nil || d.Doc != nil && !d.Lparen.IsValid()})
		}
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if name.IsExported() {
				found = append(found, export{name, spec.Doc != nil || spec.Comment != nil || d.Doc != nil})
			}
		}
	}
	return found
}

// receiver returns the name of the type that d is a method of.
func receiver(d *ast.FuncDecl) string {
	x := d.Recv.List[0].Type
	for {
		switch y := x.(type) {
		case *ast.StarExpr:
			x = y.X
		case *ast.IndexExpr:
			x = y.X
		case *ast.IndexListExpr:
			x = y.X
		case *ast.Ident:
			return y.Name
		default:
			return ""
		}
	}
}
