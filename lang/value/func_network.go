package value

import (
	"fmt"
	"math/big"
	"net/netip"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

func networkFuncs() []entry {
	prefix := param{"prefix", "An IP prefix, such as \"10.0.1.0/24\"."}
	return []entry{
		{"cidrcontains", Network, "Whether an address, or a whole prefix, lies in a prefix.", []param{prefix, {"inner", "An address or prefix."}}, `cidrcontains("10.0.1.0/24", "10.0.1.10")`, `true`, fixed(cidrContainsFunc)},
		{"cidrhost", Network, "The address with a number in a prefix; negative numbers count from its end.", []param{prefix, {"number", "The number of the address, from 0."}}, `cidrhost("10.0.1.0/24", 10)`, `"10.0.1.10"`, fixed(cidrHostFunc)},
		{"cidrnetmask", Network, "The netmask of an IPv4 prefix.", []param{prefix}, `cidrnetmask("10.0.0.0/20")`, `"255.255.240.0"`, fixed(cidrNetmaskFunc)},
		{"cidrsubnet", Network, "A prefix within a prefix.", []param{prefix, {"newbits", "How many bits longer it is."}, {"number", "Which one, from 0."}}, `cidrsubnet("10.0.0.0/16", 8, 2)`, `"10.0.2.0/24"`, fixed(cidrSubnetFunc)},
		{"cidrsubnets", Network, "Prefixes within a prefix, one after the other without overlapping.", []param{prefix, {"newbits", "For each, how many bits longer it is."}}, `cidrsubnets("10.0.0.0/16", 8, 8)`, `tolist(["10.0.0.0/24", "10.0.1.0/24"])`, fixed(cidrSubnetsFunc)},
	}
}

// prefixArg is the first argument of all these functions.
func prefixArg(args []cty.Value) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(args[0].AsString())
	if err != nil {
		return p, function.NewArgErrorf(0, "this is not an IP prefix, such as 10.0.1.0/24 or 2001:db8::/64")
	}
	return p.Masked(), nil
}

// offset is the address n after the first of p; n is smaller than the number of addresses in p.
func offset(p netip.Prefix, n *big.Int) netip.Addr {
	raw := p.Addr().AsSlice()
	sum := new(big.Int).Add(new(big.Int).SetBytes(raw), n)
	a, _ := netip.AddrFromSlice(sum.FillBytes(make([]byte, len(raw))))
	return a
}

// bigArg is a whole number in [0, 2^bits), or counted from the end if it is negative.
func bigArg(args []cty.Value, i, bits int, negative bool) (*big.Int, error) {
	f := args[i].AsBigFloat()
	if !f.IsInt() || f.MantExp(nil) > 200 {
		return nil, function.NewArgErrorf(i, "a whole number is needed")
	}
	n, _ := f.Int(nil)
	size := new(big.Int).Lsh(big.NewInt(1), uint(bits))
	if n.Sign() < 0 && negative {
		n.Add(n, size)
	}
	if n.Sign() < 0 || n.Cmp(size) >= 0 {
		return nil, function.NewArgErrorf(i, "there are only %s of them, counted from 0", size)
	}
	return n, nil
}

var cidrHostFunc = newSimple(cty.String, func(args []cty.Value) (cty.Value, error) {
	p, err := prefixArg(args)
	if err != nil {
		return cty.NilVal, err
	}
	n, err := bigArg(args, 1, p.Addr().BitLen()-p.Bits(), true)
	if err != nil {
		return cty.NilVal, err
	}
	return cty.StringVal(offset(p, n).String()), nil
}, nil, stringParam("prefix"), numberParam("number"))

var cidrNetmaskFunc = newSimple(cty.String, func(args []cty.Value) (cty.Value, error) {
	p, err := prefixArg(args)
	if err != nil {
		return cty.NilVal, err
	}
	if !p.Addr().Is4() {
		return cty.NilVal, function.NewArgErrorf(0, "only IPv4 has netmasks")
	}
	m := ^uint32(0) << (32 - p.Bits())
	if p.Bits() == 0 {
		m = 0
	}
	return cty.StringVal(fmt.Sprintf("%d.%d.%d.%d", m>>24, m>>16&0xff, m>>8&0xff, m&0xff)), nil
}, nil, stringParam("prefix"))

// subnet is number n of the prefixes in p that are newbits longer.
func subnet(p netip.Prefix, newbits int, n *big.Int) netip.Prefix {
	bits := p.Bits() + newbits
	shift := uint(p.Addr().BitLen() - bits)
	return netip.PrefixFrom(offset(p, new(big.Int).Lsh(n, shift)), bits)
}

var cidrSubnetFunc = newSimple(cty.String, func(args []cty.Value) (cty.Value, error) {
	p, err := prefixArg(args)
	if err != nil {
		return cty.NilVal, err
	}
	more, err := wholeArg(args, 1, 0, p.Addr().BitLen()-p.Bits())
	if err != nil {
		return cty.NilVal, err
	}
	n, err := bigArg(args, 2, more, false)
	if err != nil {
		return cty.NilVal, err
	}
	return cty.StringVal(subnet(p, more, n).String()), nil
}, nil, stringParam("prefix"), numberParam("newbits"), numberParam("number"))

var cidrSubnetsFunc = newSimple(cty.List(cty.String), func(args []cty.Value) (cty.Value, error) {
	p, err := prefixArg(args)
	if err != nil {
		return cty.NilVal, err
	}
	free := p.Addr().BitLen() - p.Bits()
	size := new(big.Int).Lsh(big.NewInt(1), uint(free))
	next := new(big.Int)
	var out []cty.Value
	for i := 1; i < len(args); i++ {
		more, err := wholeArg(args, i, 0, free)
		if err != nil {
			return cty.NilVal, err
		}
		block := new(big.Int).Lsh(big.NewInt(1), uint(free-more))
		// Round up to where a prefix of this length can begin.
		next.Add(next, new(big.Int).Sub(block, big.NewInt(1)))
		next.Sub(next, new(big.Int).Mod(next, block))
		if new(big.Int).Add(next, block).Cmp(size) > 0 {
			return cty.NilVal, function.NewArgErrorf(i, "there is no room left in %s", p)
		}
		out = append(out, cty.StringVal(netip.PrefixFrom(offset(p, next), p.Bits()+more).String()))
		next.Add(next, block)
	}
	if len(out) == 0 {
		return cty.ListValEmpty(cty.String), nil
	}
	return cty.ListVal(out), nil
}, &function.Parameter{Name: "newbits", Type: cty.Number}, stringParam("prefix"))

var cidrContainsFunc = newSimple(cty.Bool, func(args []cty.Value) (cty.Value, error) {
	p, err := prefixArg(args)
	if err != nil {
		return cty.NilVal, err
	}
	if a, err := netip.ParseAddr(args[1].AsString()); err == nil {
		return cty.BoolVal(p.Contains(a)), nil
	}
	in, err := netip.ParsePrefix(args[1].AsString())
	if err != nil {
		return cty.NilVal, function.NewArgErrorf(1, "this is neither an IP address nor a prefix")
	}
	return cty.BoolVal(in.Bits() >= p.Bits() && p.Contains(in.Addr())), nil
}, nil, stringParam("prefix"), stringParam("inner"))
