using System.Net;
using System.Net.Sockets;
using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink;
using Dataplane.Netlink.ConnectionTracking;
using Dataplane.Netlink.Nftables;
using Sysctl = Dataplane.Linux.Sysctls.Sysctl;

namespace Dataplane.Kubelet.Network;

/// <summary>
/// Ports of the node that lead to pods, and the node's address in place of a pod's for what leaves the cluster: one nftables table of each family,
/// written anew in one transaction whenever a pod with a host port comes or goes. Packets see the old table or the new one.
/// </summary>
internal sealed class HostPortTable : IDisposable
{
    private readonly Lock _gate = new();
    private readonly NetworkNamespace? _node;
    private readonly NftablesConnection _tables;
    private readonly ConntrackConnection _flows;
    private readonly IReadOnlyList<IPNetwork> _ranges;
    private readonly IReadOnlyList<IPNetwork>? _nonMasqueraded;
    private readonly Dictionary<string, (IReadOnlyList<HostPortMapping> Ports, IReadOnlyList<IPAddress> Addresses)> _pods = new(StringComparer.Ordinal);
    private bool _loopbackOpened;

    internal HostPortTable(NetworkNamespace? node, IReadOnlyList<IPNetwork> ranges, IReadOnlyList<IPNetwork>? nonMasqueraded)
    {
        _node = node;
        _ranges = ranges;
        _nonMasqueraded = nonMasqueraded;
        _tables = NftablesConnection.Open(node);
        _flows = ConntrackConnection.Open(node);
    }

    /// <summary>Opens a pod's ports, those it has now in place of those it had.</summary>
    /// <exception cref="NetlinkException">The kernel refused; what was in force stays.</exception>
    internal void Set(string uid, IReadOnlyList<HostPortMapping> ports, IReadOnlyList<IPAddress> addresses)
    {
        lock (_gate)
        {
            if (ports.Count == 0 && !_pods.ContainsKey(uid))
            {
                return;
            }

            var before = _pods.GetValueOrDefault(uid);
            if (ports.Count > 0)
            {
                _pods[uid] = (ports, addresses);
            }
            else
            {
                _pods.Remove(uid);
            }

            Commit();
            ForgetDatagrams([.. before.Ports ?? [], .. ports]);
        }
    }

    /// <summary>Closes a pod's ports. Idempotent.</summary>
    internal void Remove(string uid) => Set(uid, [], []);

    /// <summary>Writes what is known, in place of what an earlier agent wrote.</summary>
    internal void Commit()
    {
        lock (_gate)
        {
            var mappings = _pods.Values.SelectMany(pod => pod.Ports.SelectMany(port => pod.Addresses
                .Where(address => port.Covers(address.AddressFamily)).Select(address => new HostPortTarget(port, address)))).ToArray();
            if (mappings.Length > 0 && !_loopbackOpened)
            {
                // A connection of the node's to its own 127.0.0.1 leaves by a pod's device; the table keeps others from using that way in.
                Sysctl.Write(_node, "net/ipv4/conf/all/route_localnet", "1");
                _loopbackOpened = true;
            }

            var batch = new NftBatch();
            foreach (var family in (AddressFamily[])[AddressFamily.InterNetwork, AddressFamily.InterNetworkV6])
            {
                HostPortRules.Write(
                    batch,
                    family,
                    [.. mappings.Where(one => one.Address.AddressFamily == family)],
                    _nonMasqueraded is null ? [] : [.. _ranges.Where(range => range.BaseAddress.AddressFamily == family)],
                    [.. (_nonMasqueraded ?? []).Where(range => range.BaseAddress.AddressFamily == family)]);
            }

            try
            {
                _tables.Commit(batch);
            }
            catch (NetlinkException none) when (none.Errno == Errno.EOPNOTSUPP && mappings.Length == 0 && _nonMasqueraded is null)
            {
                // A kernel without nf_tables for a family has no table of an earlier agent's either, and none is wanted.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tables.Dispose();
        _flows.Dispose();
    }

    /// <summary>
    /// A flow of datagrams is translated by its first packet. One that began before the port was opened goes on to nowhere, and one of a pod that has
    /// gone goes on to its address (kubernetes#59033): both begin anew.
    /// </summary>
    private void ForgetDatagrams(IReadOnlyList<HostPortMapping> changed)
    {
        var ports = changed.Where(port => port.Protocol == "UDP").Select(port => port.HostPort).ToHashSet();
        if (ports.Count > 0)
        {
            _flows.Delete(ProtocolType.Udp, flow => ports.Contains(flow.Destination.Port));
        }
    }
}

/// <summary>A port of the node and the pod's address it leads to.</summary>
internal sealed record HostPortTarget(HostPortMapping Port, IPAddress Address);
