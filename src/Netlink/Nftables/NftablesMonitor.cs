using System.Runtime.InteropServices;
using Dataplane.Linux;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Sockets;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.NfNetlinkHeader;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables;

/// <summary>
/// Tells of every nf_tables transaction in a namespace, whoever made it: how a proxy learns that somebody flushed its table.
/// </summary>
/// <remarks>
/// The kernel multicasts what a transaction changed and closes with NFT_MSG_NEWGEN. Every object names its table in attribute 1
/// (NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, NFTA_SET_TABLE, NFTA_SET_ELEM_LIST_TABLE, NFTA_OBJ_TABLE, NFTA_FLOWTABLE_TABLE).
/// </remarks>
public sealed class NftablesMonitor : IDisposable
{
    private const ulong NotificationToken = 0;
    private const ulong StopToken = 1;
    private const int SocketReceiveBuffer = 4 * 1024 * 1024;

    private readonly NetlinkSocket _socket;
    private readonly EpollInstance _epoll = new(2);
    private readonly WakeUp _stop = new();
    private readonly Action<NftGeneration> _changed;
    private readonly Thread _thread;
    private readonly byte[] _received = new byte[64 * 1024];
    private HashSet<NftTable> _tables = [];
    private HashSet<(NftTable, string)> _chains = [];
    private bool _incomplete;

    private NftablesMonitor(NetlinkSocket socket, string name, Action<NftGeneration> changed)
    {
        _socket = socket;
        _changed = changed;
        Watch(_socket.Handle, NotificationToken);
        Watch(_stop.Handle, StopToken);
        _thread = new Thread(Run) { IsBackground = true, Name = $"nftables monitor {name}" };
    }

    /// <summary>Starts a thread that listens; transactions from now on are told.</summary>
    /// <param name="networkNamespace">Whose tables; null for the calling thread's.</param>
    /// <param name="changed">Called on the thread, in the kernel's order. It must be quick and must not throw.</param>
    /// <param name="except">A connection's <see cref="NftablesConnection.PortId"/>: its transactions are not told.</param>
    public static NftablesMonitor Start(NetworkNamespace? networkNamespace, Action<NftGeneration> changed, uint? except = null)
    {
        var socket = NetlinkSocket.Open(NETLINK_NETFILTER, networkNamespace);
        try
        {
            socket.SetReceiveBuffer(SocketReceiveBuffer);
            if (except is { } portId)
            {
                socket.IgnoreFrom(portId);
            }

            socket.JoinGroup(NFNLGRP_NFTABLES);
            var monitor = new NftablesMonitor(socket, networkNamespace?.Name ?? "", changed);
            monitor._thread.Start();
            return monitor;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Ends the thread and waits for it; not to be called from its callback.</summary>
    public void Dispose()
    {
        _stop.Signal();
        _thread.Join();
        _epoll.Dispose();
        _stop.Dispose();
        _socket.Dispose();
    }

    private void Watch(SafeHandle handle, ulong token)
    {
        if (_epoll.Add(handle, EpollEvents.In, token) is var result and < 0)
        {
            throw new LinuxException("watch for nftables notifications", -result);
        }
    }

    private void Run()
    {
        while (true)
        {
            var count = _epoll.Wait(-1);
            for (var i = 0; i < count; i++)
            {
                if (_epoll.Event(i).Token == StopToken)
                {
                    return;
                }
            }

            if (count > 0 && TryReceive(out var length))
            {
                Read(_received.AsSpan(0, length));
            }
        }
    }

    private bool TryReceive(out int length)
    {
        try
        {
            return _socket.TryReceive(_received, out length);
        }
        catch (LinuxException lost) when (lost.Errno is Errno.ENOBUFS or Errno.EMSGSIZE)
        {
            // Told at once: what was dropped may have been the last there was, its end with it.
            Lost();
            length = 0;
            return false;
        }
    }

    // The rest of what was dropped, if there is one, has no beginning.
    private void Lost()
    {
        _incomplete = true;
        _changed(new NftGeneration(0, 0, 0, "", new HashSet<NftTable>(), new HashSet<(NftTable, string)>(), Incomplete: true));
    }

    private void Read(ReadOnlySpan<byte> datagram)
    {
        try
        {
            var reader = new NetlinkReader(datagram);
            while (reader.Read(out var message))
            {
                switch (NftHeaders.TypeOf(message))
                {
                    case -1:
                        break;
                    case NFT_MSG_NEWGEN:
                        Complete(message);
                        break;
                    default:
                        Collect(message);
                        break;
                }
            }
        }
        catch (MalformedNetlinkException)
        {
            Lost();
        }
    }

    private void Collect(NetlinkMessage message)
    {
        // Where the object's chain is named, if it has one.
        var chainAttribute = NftHeaders.TypeOf(message) switch
        {
            NFT_MSG_NEWCHAIN or NFT_MSG_DELCHAIN => NFTA_CHAIN_NAME,
            NFT_MSG_NEWRULE or NFT_MSG_DELRULE => NFTA_RULE_CHAIN,
            _ => 0,
        };
        NftTable? table = null;
        var attributes = message.Attributes(NftHeaders.Length);
        while (attributes.Read(out var attribute))
        {
            if (attribute.Type == NFTA_TABLE_NAME)
            {
                table = new NftTable(NftHeaders.FamilyOf(message), attribute.Text);
                _tables.Add(table);
            }
            else if (attribute.Type == chainAttribute && table is not null)
            {
                _chains.Add((table, attribute.Text));
            }
        }
    }

    private void Complete(NetlinkMessage message)
    {
        var generation = NftListings.ParseGeneration(message) with { Tables = _tables, Chains = _chains, Incomplete = _incomplete };
        _tables = [];
        _chains = [];
        _incomplete = false;
        _changed(generation);
    }
}
