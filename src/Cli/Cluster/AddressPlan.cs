using System.Net;

namespace Dataplane.Cli.Cluster;

/// <summary>
/// The addresses of a cluster on one machine:
/// <code>
/// host's own namespace      dp-host 172.30.0.254 --+
/// dp-fabric                 dp-br0  172.30.0.1  ---+--- bridge; API server :6443 and cluster DNS :53 listen on .1
/// dp-node-I   (I = 1..N)    eth0    172.30.0.(10+I) +    dp-cni0 10.244.I.1/24, pods 10.244.I.2...
/// dp-client                 eth0    203.0.113.10 ---+    the client outside the cluster
/// services 10.96.0.0/16     kubernetes .0.1, DNS .0.10
/// </code>
/// </summary>
internal static class AddressPlan
{
    internal const string Fabric = "dp-fabric";
    internal const string Bridge = "dp-br0";
    internal const string HostLink = "dp-host";
    internal const string Client = "dp-client";
    internal const string NodePrefix = "dp-node-";
    internal const int ApiPort = 6443;

    /// <summary>Node addresses end in 10 + I and stay below the host's .254.</summary>
    internal const int MostNodes = 240;

    internal static readonly IPNetwork Nodes = IPNetwork.Parse("172.30.0.0/24");
    internal static readonly IPNetwork Pods = IPNetwork.Parse("10.244.0.0/16");
    internal static readonly IPNetwork Services = IPNetwork.Parse("10.96.0.0/16");
    internal static readonly IPNetwork Clients = IPNetwork.Parse("203.0.113.0/24");
    internal static readonly IPAddress FabricAddress = IPAddress.Parse("172.30.0.1");
    internal static readonly IPAddress HostAddress = IPAddress.Parse("172.30.0.254");
    internal static readonly IPAddress ClientAddress = IPAddress.Parse("203.0.113.10");
    internal static readonly IPAddress DnsServiceAddress = IPAddress.Parse("10.96.0.10");

    internal static string NodeName(int index) => $"node-{index}";

    internal static string NodeNamespace(int index) => $"{NodePrefix}{index}";

    internal static IPAddress NodeAddress(int index) => new([172, 30, 0, (byte)(10 + index)]);

    internal static IPNetwork PodCidr(int index) => new(new IPAddress([10, 244, (byte)index, 0]), 24);
}
