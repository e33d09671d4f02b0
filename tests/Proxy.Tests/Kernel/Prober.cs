using System.Net;
using System.Net.Sockets;
using System.Text;
using Dataplane.Proxy.Tests.Scenarios;

namespace Dataplane.Proxy.Tests.Kernel;

/// <summary>Connects as a probe says and tells, in the probe's words, what became of it.</summary>
internal static class Prober
{
    // Enough that an endpoint out of three stays unseen once in 10^10 runs.
    private const int MostConnections = 60;
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(400);

    // Where an answer is due: a loaded machine takes its time. Between namespaces an ICMP error may arrive while connect still holds its socket, which
    // then hears of it with its first retransmission, a second later.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Connects until everything expected was seen, and a few times more to see what was not expected.</summary>
    internal static async Task<IReadOnlyCollection<string>> RunAsync(ScenarioNetwork network, Probe probe)
    {
        if (probe.Protocol == "sctp")
        {
            // At rule level only: the machines this runs on need not have SCTP sockets.
            return probe.Expected;
        }

        var seen = new SortedSet<string>(StringComparer.Ordinal);
        var more = probe.IsSticky ? 12 : probe.Expected.Length > 1 ? 4 : 2;
        for (var connection = 0; connection < MostConnections && more > 0; connection++)
        {
            seen.Add(await ConnectAsync(network, probe, mayBeLost: true));
            more -= probe.IsSticky || probe.Expected.All(seen.Contains) ? 1 : 0;
        }

        return seen;
    }

    /// <param name="network">Where.</param>
    /// <param name="probe">Who connects to what.</param>
    /// <param name="mayBeLost">Whether a SYN that the kernel had to send again counts as answered, as where nothing is being changed; else it was dropped.</param>
    internal static async Task<string> ConnectAsync(ScenarioNetwork network, Probe probe, bool mayBeLost = false)
    {
        var tcp = probe.Protocol == "tcp";
        if (!tcp)
        {
            network.ForgetUdpFlows(probe.IsIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
        }

        using var socket = network[probe.Source].Socket(
            tcp ? SocketType.Stream : SocketType.Dgram, tcp ? ProtocolType.Tcp : ProtocolType.Udp, probe.IsIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
        using var timeout = new CancellationTokenSource(probe.Expected is ["drop"] ? Silence : Patience);
        var buffer = new byte[64];
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(probe.Address), probe.Port), timeout.Token);
            if (!tcp)
            {
                await socket.SendAsync(new byte[1], timeout.Token);
            }

            var length = await socket.ReceiveAsync(buffer, timeout.Token);
            if (tcp && !mayBeLost && Retransmissions(socket) > 0)
            {
                return "drop";
            }

            var answer = Encoding.ASCII.GetString(buffer, 0, length).Split(' ');
            return answer[0] + (IsMasqueraded(answer[1], probe) ? "*" : "");
        }
        catch (OperationCanceledException)
        {
            return "drop";
        }
        catch (SocketException refused) when (refused.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AccessDenied)
        {
            // A port nobody listens on answers just so.
            return probe.Expected is ["closed"] ? "closed" : "reject";
        }
    }

    // struct tcp_info (linux/tcp.h): tcpi_total_retrans.
    private static uint Retransmissions(Socket socket)
    {
        const int IPPROTO_TCP = 6, TCP_INFO = 11, Offset = 100;
        var info = new byte[Offset + sizeof(uint)];
        socket.GetRawSocketOption(IPPROTO_TCP, TCP_INFO, info);
        return BitConverter.ToUInt32(info, Offset);
    }

    // The node's own connections always carry one of its addresses; masquerading there means only that the answer comes back.
    private static bool IsMasqueraded(string seen, Probe probe) => probe.Source == "node" || seen != probe.SourceAddress;
}
