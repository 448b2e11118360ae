package diag

// Codes of providers, 5000-5999.
const (
	ProviderArgument    Code = "XDC5001"
	ProviderInsecure    Code = "XDC5002"
	ProviderUnsupported Code = "XDC5003"
	ProviderSelfCut     Code = "XDC5004"
)

var providerCodes = []Info{
	{ProviderArgument, "An argument is missing or does not fit", "A provider cannot make sense of a block's arguments. The detail says which and what would do."},
	{ProviderInsecure, "A check of who is at the other end is switched off", "The plan says that certificates or host keys are not to be verified. Anybody on the way can then read credentials and answer in the target's place."},
	{ProviderUnsupported, "This cannot be done here", "The target offers no mechanism for it in this version of xdc."},
	{ProviderSelfCut, "The fault cuts xdc's own path", "The fault covers the address by which xdc reaches the host. It is healed by the host's own timer, and a duration is required."},
}
