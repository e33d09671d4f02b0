using System.Collections.Immutable;
using System.Net.Sockets;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink;
using Dataplane.Netlink.ConnectionTracking;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.ConnectionTracking;

/// <summary>
/// Front ends that clients have connections through, as far as connection tracking knows: when all rules are gone, theirs should be back first. Those
/// connections themselves go on without; the next ones do not.
/// </summary>
internal static class FrontEndsInUse
{
    // What is not known by then comes in the usual order: a hundred thousand connections take longer to list than rules to write.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(30);

    /// <summary>Starts looking, beside whatever the caller does, and gives what was found by the time it is asked for.</summary>
    internal static Func<IReadOnlySet<FrontEnd>> Look(NetworkNamespace? networkNamespace)
    {
        IReadOnlySet<FrontEnd> found = ImmutableHashSet<FrontEnd>.Empty;
        var done = new ManualResetEventSlim();
        _ = Task.Run(() =>
        {
            found = List(networkNamespace);
            done.Set();
        });
        return () => done.Wait(Patience) ? found : ImmutableHashSet<FrontEnd>.Empty;
    }

    /// <summary>All of them, however long it takes.</summary>
    internal static HashSet<FrontEnd> List(NetworkNamespace? networkNamespace)
    {
        var found = new HashSet<FrontEnd>();
        try
        {
            using var connection = ConntrackConnection.Open(networkNamespace);
            foreach (var family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
            {
                foreach (var flow in connection.TranslatedFlows(family))
                {
                    var (protocol, port) = ((TransportProtocol)flow.Protocol, (ushort)flow.Destination.Port);
                    found.Add(FrontEnd.At(flow.Destination.Address, protocol, port));
                    found.Add(FrontEnd.AtNode(family, protocol, new NodePort(port)));
                }
            }
        }
        catch (NetlinkException)
        {
            // Without connection tracking, or without its listing, no order is better than another.
        }

        return found;
    }
}
