package diag

// Codes of the providers, 5000-5999.
const (
	ProviderArgument     Code = "XDC5001"
	ProviderInsecure     Code = "XDC5002"
	ProviderUnsupported  Code = "XDC5003"
	ProviderSelfCut      Code = "XDC5004"
	StreamsNoRestore     Code = "XDC5102"
	StreamsPartialUndo   Code = "XDC5103"
	StreamsWhich         Code = "XDC5104"
	StreamsParameter     Code = "XDC5105"
	StreamsTraces        Code = "XDC5106"
	NetworkNoHosts       Code = "XDC5201"
	NetworkNoSource      Code = "XDC5202"
	NetworkBadPrefix     Code = "XDC5203"
	NetworkBadPort       Code = "XDC5204"
	NetworkNothing       Code = "XDC5206"
	NetworkSelectors     Code = "XDC5207"
	DataExchangeNoJob    Code = "XDC5301"
	DataExchangeEndpoint Code = "XDC5302"
	HTTPRequest          Code = "XDC5401"
	ExecCommand          Code = "XDC5501"
	ProcessWhich         Code = "XDC5601"
	ResourceTooMuch      Code = "XDC5701"
	HostCommand          Code = "XDC5801"
)

var providerCodes = []Info{
	{ProviderArgument, "An argument is missing or does not fit", "A provider cannot make sense of a block's arguments although they are of the right types. The detail says which and what would do."},
	{ProviderInsecure, "A check of who is at the other end is switched off", "The plan says that certificates or host keys are not to be verified. Anybody on the way can then read credentials and answer in the target's place. Domains use self-signed certificates by default: export the authority's certificate and name it in `ca_file` instead."},
	{ProviderUnsupported, "This cannot be done here", "The target offers no mechanism for it in this version of xdc."},
	{ProviderSelfCut, "The fault cuts xdc's own path", "The fault covers the address by which xdc reaches the host. It is healed by the host's own timer, and a duration is required."},
	{StreamsNoRestore, "The job cannot be brought back", "A job that this plan only adopts has no bundle here, so that cancelling it cannot be undone. Write `restore = false` to accept that somebody else has to start it again, or let the plan submit the job from a bundle."},
	{StreamsPartialUndo, "Not all of this is undone", "Stopping an instance ends its jobs. Starting it again brings back only the jobs that this plan submitted; everything else has to be started by those it belongs to."},
	{StreamsWhich, "It is not said what is meant", "The step acts on processing elements or on a job and must be told which. Give exactly one way of naming them."},
	{StreamsParameter, "A submission-time parameter does not fit the application", "The application bundle says which submission-time parameters its application has, which of them have no default, and which say how wide a parallel region is. Where the bundle is there while planning, the parameters of the job are held against that. Correct the name or the value; build the bundle again if it is an old one."},
	{StreamsTraces, "The traces will say little", "The plan looks for lines in the traces of a job that it submits without saying at which level it traces. Instances trace errors only unless somebody has changed that, and most of the lines of the failover toolkit, and those of its samples, are of level info. Write `trace_level = \"info\"` in the job."},
	{NetworkNoHosts, "The fault has no hosts", "A network fault acts at hosts. Name the hosts of the target whose traffic is to be cut or degraded, such as target.dc1.host.edge."},
	{NetworkNoSource, "The fault has no other side", "A network fault acts on traffic between its hosts and some networks. Name them in `from`, such as target.dc2.networks; an empty list would do nothing."},
	{NetworkBadPrefix, "Not an address range", "Networks are written as CIDR prefixes such as 10.0.2.0/24 or fd00:2::/64, or as single addresses."},
	{NetworkBadPort, "Not a port", "Ports are whole numbers from 1 to 65535, and only tcp and udp have them."},
	{NetworkNothing, "The fault does nothing", "The parameters of the fault leave the traffic as it is. Give a loss, latency, jitter or rate that has an effect."},
	{NetworkSelectors, "These arguments do not go together", "The finding names the two. Remove one of them."},
	{DataExchangeNoJob, "The seed does not say which job takes its records", "Endpoints are found through the job they belong to. Without `job`, every job of the target is looked at and the endpoint's name must be unique there."},
	{DataExchangeEndpoint, "Not the URL of an endpoint", "`endpoint_url` is used as it stands. Write an https URL with a host, without credentials in it."},
	{HTTPRequest, "The request cannot be sent", "The method, URL or expected status of the request is not one. The finding says which."},
	{ProcessWhich, "It is not said which processes are meant", "A fault on processes needs exactly one way of choosing them, and the hosts (or the job) they belong to."},
	{ResourceTooMuch, "The pressure is out of bounds", "The host has to stay reachable: the finding says which bound the arguments exceed, or which two exclude each other."},
	{HostCommand, "A command of the fault is missing or empty", "`host_command` needs the commands that inject, verify and heal, each as a list whose first element is the program."},
	{ExecCommand, "There is no command", "The first element of `command` is the program; the others are its arguments. There is no shell unless the program is one."},
}
