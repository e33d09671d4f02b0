using System.Net;
using System.Security.Cryptography;
using System.Text;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Iptables.Rendering;

/// <summary>
/// Names of chains, which are kube-proxy's: what people grep for. Those of a service port end in the first 16 characters of
/// base32(SHA-256(name + protocol [+ endpoint])), the name as <see cref="ServicePortName.ToString"/> and the protocol in lower case.
/// Source: kubernetes pkg/proxy/iptables/proxier.go.
/// </summary>
internal static class ChainNames
{
    internal const string Services = "KUBE-SERVICES";
    internal const string ExternalServices = "KUBE-EXTERNAL-SERVICES";
    internal const string NodePorts = "KUBE-NODEPORTS";
    internal const string Postrouting = "KUBE-POSTROUTING";
    internal const string MarkMasquerade = "KUBE-MARK-MASQ";
    internal const string Forward = "KUBE-FORWARD";
    internal const string ProxyFirewall = "KUBE-PROXY-FIREWALL";
    internal const string Canary = "KUBE-PROXY-CANARY";

    /// <summary>The kubelet's too, which writes the same rule into it.</summary>
    internal const string Firewall = "KUBE-FIREWALL";

    /// <summary>The kubelet's own, in mangle: where it is, a kubelet is at work.</summary>
    internal const string KubeletCanary = "KUBE-KUBELET-CANARY";

    /// <summary>The kubelet's own, in mangle: which of two sets of tables is in use (KEP-3178).</summary>
    internal const string Hint = "KUBE-IPTABLES-HINT";

    private const string ClusterPrefix = "KUBE-SVC-";
    private const string LocalPrefix = "KUBE-SVL-";
    private const string FirewallPrefix = "KUBE-FW-";
    private const string ExternalPrefix = "KUBE-EXT-";
    private const string EndpointPrefix = "KUBE-SEP-";
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>Endpoints by policy Cluster.</summary>
    internal static string Cluster(string hash) => ClusterPrefix + hash;

    /// <summary>Endpoints by policy Local.</summary>
    internal static string Local(string hash) => LocalPrefix + hash;

    /// <summary>Who may use a load-balancer address.</summary>
    internal static string SourceRanges(string hash) => FirewallPrefix + hash;

    /// <summary>Traffic from outside.</summary>
    internal static string External(string hash) => ExternalPrefix + hash;

    /// <summary>One endpoint of a service port.</summary>
    internal static string Endpoint(string servicePort, string protocol, string endpoint) => EndpointPrefix + Hash(servicePort + protocol + endpoint);

    /// <inheritdoc cref="Endpoint(string, string, string)"/>
    internal static string Endpoint(ServicePortName port, IPEndPoint endpoint) => Endpoint(port.ToString(), NameOf(port.Protocol), endpoint.ToString());

    /// <summary>What a service port's chains have in common.</summary>
    internal static string ServicePortHash(string servicePort, string protocol) => Hash(servicePort + protocol);

    /// <inheritdoc cref="ServicePortHash(string, string)"/>
    internal static string ServicePortHash(ServicePortName port) => ServicePortHash(port.ToString(), NameOf(port.Protocol));

    /// <summary>The <see cref="ServicePortHash(string, string)"/> that a service port's chain ends in; of another chain's name its last part.</summary>
    internal static string HashOf(string chain) => chain[(chain.LastIndexOf('-') + 1)..];

    /// <summary>Whether a chain of the nat table belongs to a service port: made by this program or by kube-proxy.</summary>
    internal static bool IsOfServicePort(string chain) =>
        chain.StartsWith(ClusterPrefix, StringComparison.Ordinal) || chain.StartsWith(LocalPrefix, StringComparison.Ordinal)
        || chain.StartsWith(EndpointPrefix, StringComparison.Ordinal) || chain.StartsWith(FirewallPrefix, StringComparison.Ordinal)
        || chain.StartsWith(ExternalPrefix, StringComparison.Ordinal);

    /// <summary>Whether a service port's chain is that of an endpoint.</summary>
    internal static bool IsOfEndpoint(string chain) => chain.StartsWith(EndpointPrefix, StringComparison.Ordinal);

    private static string NameOf(TransportProtocol protocol) => protocol.ToString().ToLowerInvariant();

    // 16 characters of 5 bits are the digest's first 10 bytes.
    private static string Hash(string text)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), digest);
        Span<char> name = stackalloc char[16];
        for (var index = 0; index < name.Length; index++)
        {
            var bit = index * 5;
            var two = (digest[bit / 8] << 8) | digest[(bit / 8) + 1];
            name[index] = Alphabet[(two >> (11 - (bit % 8))) & 31];
        }

        return new string(name);
    }
}
