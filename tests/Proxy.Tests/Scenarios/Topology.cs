namespace Dataplane.Proxy.Tests.Scenarios;

/// <summary>
/// The network that scenarios take place in:
/// <code>
///   client 203.0.113.10 ──── node "here" 172.30.0.11 ──── node "there" 172.30.0.12
///                              a 10.244.1.5                   c 10.244.2.5
///                              b 10.244.1.6                   g 172.30.0.12:9000 (host network)
///                              h 172.30.0.11:9000 (host network)
/// </code>
/// Endpoints listen on 8080, b also on 9090. Everybody has an IPv6 address as well: client 2001:db8:203::10, nodes fd00:172:30::11 and ::12, pods
/// fd00:10:244:1::5, :1::6 and :2::5.
/// </summary>
internal static class Topology
{
    internal const string Node = "172.30.0.11";
    internal const string NodeIPv6 = "fd00:172:30::11";

    internal static readonly string[] NodeAddresses =
        [Node, "203.0.113.1", "10.244.1.1", "127.0.0.1", NodeIPv6, "2001:db8:203::1", "fd00:10:244:1::1", "::1"];

    internal static readonly Dictionary<string, string> Addresses = new()
    {
        ["client"] = "203.0.113.10",
        ["node"] = Node,
        ["there"] = "172.30.0.12",
        ["pod-a"] = "10.244.1.5",
        ["pod-b"] = "10.244.1.6",
        ["pod-c"] = "10.244.2.5",
    };

    internal static readonly Dictionary<string, string> AddressesIPv6 = new()
    {
        ["client"] = "2001:db8:203::10",
        ["node"] = NodeIPv6,
        ["there"] = "fd00:172:30::12",
        ["pod-a"] = "fd00:10:244:1::5",
        ["pod-b"] = "fd00:10:244:1::6",
        ["pod-c"] = "fd00:10:244:2::5",
    };

    internal static readonly Dictionary<string, string> Endpoints = new()
    {
        ["10.244.1.5:8080"] = "a",
        ["10.244.1.6:8080"] = "b",
        ["10.244.1.6:9090"] = "b9090",
        ["10.244.2.5:8080"] = "c",
        ["172.30.0.11:9000"] = "h",
        ["172.30.0.12:9000"] = "g",
        ["[fd00:10:244:1::5]:8080"] = "a",
        ["[fd00:10:244:1::6]:8080"] = "b",
        ["[fd00:10:244:1::6]:9090"] = "b9090",
        ["[fd00:10:244:2::5]:8080"] = "c",
        ["[fd00:172:30::11]:9000"] = "h",
        ["[fd00:172:30::12]:9000"] = "g",
    };

    /// <summary>Who has an address.</summary>
    internal static string HostOf(string address) => Addresses.Concat(AddressesIPv6).First(pair => pair.Value == address).Key;
}
