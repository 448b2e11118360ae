package cond

import (
	"slices"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar, as participle reads it. The structs are the parse tree and nothing more; tree.go makes the
// typed formula from them.
type (
	orNode struct {
		Pos  lexer.Position
		Ands []*andNode `parser:"@@ ( 'or' @@ )*"`
	}
	andNode struct {
		Unaries []*unaryNode `parser:"@@ ( 'and' @@ )*"`
	}
	unaryNode struct {
		Pos      lexer.Position
		Not      *unaryNode    `parser:"  'not' @@"`
		Temporal *temporalNode `parser:"| @@"`
		Held     *heldNode     `parser:"| @@"`
	}
	temporalNode struct {
		Pos    lexer.Position
		Op     string     `parser:"( @( 'always' | 'never' | 'eventually' )"`
		Body   *orNode    `parser:"  @@"`
		When   *orNode    `parser:"| 'whenever' @@"`
		Then   *orNode    `parser:"  'then' @@"`
		Within *durNode   `parser:"  'within' @@ )"`
		Range  *rangeNode `parser:"@@"`
	}
	rangeNode struct {
		From   *pathNode `parser:"( 'from' @@ )?"`
		To     *pathNode `parser:"( 'to' @@ )?"`
		Within *durNode  `parser:"( 'within' @@ )?"`
	}
	durNode struct {
		Pos  lexer.Position
		Text string `parser:"@Duration"`
	}
	heldNode struct {
		Comparison *comparisonNode `parser:"@@"`
		For        *durNode        `parser:"( 'for' @@ )?"`
	}
	comparisonNode struct {
		Pos  lexer.Position
		Left *sumNode  `parser:"@@"`
		Tail *tailNode `parser:"@@?"`

		EndPos lexer.Position
	}
	tailNode struct {
		Pos     lexer.Position
		Op      string         `parser:"(   @( '==' | '!=' | '<=' | '>=' | '<' | '>' )"`
		Right   *sumNode       `parser:"    @@"`
		Is      bool           `parser:"  | @'is'"`
		IsNot   bool           `parser:"    @'not'?"`
		Literal *literalNode   `parser:"    @@"`
		In      bool           `parser:"  | @'in'"`
		Set     []*literalNode `parser:"    '(' @@ ( ',' @@ )* ')'"`
		NotIn   bool           `parser:"  | 'not' (   @'in'"`
		NotSet  []*literalNode `parser:"            '(' @@ ( ',' @@ )* ')'"`
		NotRE   *stringNode    `parser:"          | 'matches' @@ )"`
		RE      *stringNode    `parser:"  | 'matches' @@ )"`
	}
	stringNode struct {
		Pos  lexer.Position
		Text string `parser:"@String"`
	}
	sumNode struct {
		Left *productNode `parser:"@@"`
		Rest []*addend    `parser:"@@*"`
	}
	addend struct {
		Pos  lexer.Position
		Op   string       `parser:"@( '+' | '-' )"`
		Term *productNode `parser:"@@"`
	}
	productNode struct {
		Left *operandNode `parser:"@@"`
		Rest []*factor    `parser:"@@*"`
	}
	factor struct {
		Pos  lexer.Position
		Op   string       `parser:"@( '*' | '/' )"`
		Term *operandNode `parser:"@@"`
	}
	operandNode struct {
		Pos     lexer.Position
		Or      *orNode      `parser:"  '(' @@ ')'"`
		Minus   *operandNode `parser:"| '-' @@"`
		Call    *callNode    `parser:"| @@"`
		Path    *pathNode    `parser:"| @@"`
		Literal *literalNode `parser:"| @@"`
		EndPos  lexer.Position
	}
	callNode struct {
		Pos  lexer.Position
		Name string    `parser:"@( 'rate' | 'avg' | 'min' | 'max' | 'p50' | 'p90' | 'p99' | 'count' | 'delta' | 'changes' | 'age' | 'time' ) '('"`
		Path *pathNode `parser:"@@"`
		Over *durNode  `parser:"( ',' ( @@"`
		From *pathNode `parser:"      | 'from' @@"`
		To   *pathNode `parser:"        'to' @@ ) )? ')'"`
	}
	pathNode struct {
		Pos    lexer.Position
		First  string     `parser:"(?! Keyword) @Ident"`
		Index  *indexNode `parser:"@@?"`
		Rest   []*segNode `parser:"@@+"`
		EndPos lexer.Position
	}
	segNode struct {
		Name  string     `parser:"'.' @( Ident | Keyword )"`
		Index *indexNode `parser:"@@?"`
	}
	indexNode struct {
		String *string `parser:"'[' ( @String"`
		Int    *int    `parser:"      | @Number ) ']'"`
	}
	literalNode struct {
		Pos      lexer.Position
		Duration *string `parser:"  @Duration"`
		Percent  *string `parser:"| @Percent"`
		Number   *string `parser:"| @Number"`
		String   *string `parser:"| @String"`
		Bool     *string `parser:"| @( 'true' | 'false' )"`
		Word     *string `parser:"| @Ident"`
		EndPos   lexer.Position
	}
)

// keywords are reserved as words but may be segments of a path after the first.
var keywords = []string{
	"and", "or", "not", "always", "never", "eventually", "whenever", "then", "within", "from", "to", "for", "is", "in",
	"matches", "true", "false",
}

var (
	tokenRules = []lexer.SimpleRule{
		{Name: "space", Pattern: `[ \t\r\n]+`},
		{Name: "Duration", Pattern: `(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+`},
		{Name: "Percent", Pattern: `[0-9]+(?:\.[0-9]+)?%`},
		{Name: "Number", Pattern: `[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?`},
		{Name: "String", Pattern: `"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`},
		{Name: "Keyword", Pattern: `\x00`}, // never read: words are made keywords below, so that `in-use` is a name
		{Name: "Ident", Pattern: `[\p{L}_][\p{L}\p{N}_-]*`},
		{Name: "Op", Pattern: `==|!=|<=|>=|[-+*/<>()\[\],.]`},
	}
	tokens = lexer.MustSimple(tokenRules)
	parser = participle.MustBuild[orNode](participle.Lexer(tokens), participle.Elide("space"), participle.UseLookahead(3),
		participle.Map(reserve, "Ident"))
)

// reserve makes keywords of the words that are.
func reserve(t lexer.Token) (lexer.Token, error) {
	if slices.Contains(keywords, t.Value) {
		t.Type = tokens.Symbols()["Keyword"]
	}
	return t, nil
}
