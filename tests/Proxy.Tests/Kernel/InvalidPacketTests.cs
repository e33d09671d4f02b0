using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Dataplane.Proxy.ConnectionTracking;
using Dataplane.Proxy.Iptables;
using Dataplane.Proxy.Nftables;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Kernel;

/// <summary>
/// A packet of a Service's connection that connection tracking takes for none of it (out of the window, a late one) is not translated: it would reach the
/// client from the pod's own address, the client would answer a reset, and that reset does fit the pod's connection (kubernetes #74839).
/// </summary>
public sealed class InvalidPacketTests(NftablesKernelTests.Rig rig) : IClassFixture<NftablesKernelTests.Rig>
{
    private const int Port = 7070;
    private const string Liberal = "/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal";

    /// <summary>Without a proxy's rule the connection ends, so that the test would see it.</summary>
    [Theory]
    [InlineData("nftables", false, true)]
    [InlineData("iptables", false, true)]
    [InlineData("nftables", true, true)]
    [InlineData("iptables", true, true)]
    [InlineData("nftables", false, false)]
    [InlineData("iptables", false, false)]
    public async Task AConnectionOutlivesAPacketOutsideItsWindow(string name, bool isLiberal, bool withRule)
    {
        SetLiberal(isLiberal ? "1" : "0");
        await using var mode = Start(name);
        mode.Apply(null, new Cluster().Service("web", "10.96.0.1", 80).Slice("web", $"{Port}", "10.244.1.5 here").Plan());
        try
        {
            Assert.Equal(!isLiberal, (await RulesAsync()).Contains("invalid", StringComparison.OrdinalIgnoreCase));
            if (!withRule)
            {
                await RemoveRuleAsync(name);
            }

            using var listener = rig.Network["pod-a"].Listen("10.244.1.5", Port);
            using var pod = rig.Network["pod-a"].Socket(SocketType.Raw, ProtocolType.Tcp);
            pod.Bind(new IPEndPoint(IPAddress.Parse("10.244.1.5"), 0));
            using var client = rig.Network["pod-c"].Socket(SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(IPAddress.Parse("10.96.0.1"), 80);
            using var server = await listener.AcceptAsync();
            await client.SendAsync(new byte[] { 1 });
            await AssertReceivedAsync(server);
            var answer = await LastOfClientAsync(pod, ((IPEndPoint)client.LocalEndPoint!).Port);

            await pod.SendToAsync(answer, new IPEndPoint(IPAddress.Parse("10.244.2.5"), 0));
            if (withRule)
            {
                // Sent by the same way, so whatever the packet set off has happened before.
                for (var round = 0; round < 3; round++)
                {
                    await client.SendAsync(new byte[] { 2 });
                    await AssertReceivedAsync(server);
                    await server.SendAsync(new byte[] { 3 });
                    await AssertReceivedAsync(client);
                }
            }
            else
            {
                await Assert.ThrowsAsync<SocketException>(() => AssertReceivedAsync(server));
            }
        }
        finally
        {
            mode.Cleanup();
            SetLiberal("0");
        }
    }

    private FlowCleaningMode Start(string name)
    {
        var context = new ProxyModeContext(rig.Network.Node.Namespace, 0x4000, () => { }, NullLoggerFactory.Instance, TimeProvider.System);
        return new FlowCleaningMode(name == NftablesMode.ModeName ? new NftablesMode(context) : new IptablesMode(context), context);
    }

    private async Task<string> RulesAsync() => (await Tools.RunAsync(rig.Network.Node.Namespace, "nft", ["list", "ruleset"])).OutputOrThrow();

    private async Task RemoveRuleAsync(string name)
    {
        string[] command = name == NftablesMode.ModeName ? ["nft", "flush", "chain", "ip", "dataplane", "filter-forward"] : ["iptables", "-D", "KUBE-FORWARD", "1"];
        (await Tools.RunAsync(rig.Network.Node.Namespace, command[0], command[1..])).OutputOrThrow();
        Assert.DoesNotContain("INVALID", (await Tools.RunAsync(rig.Network.Node.Namespace, "iptables-nft-save", [])).OutputOrThrow(), StringComparison.Ordinal);
    }

    private void SetLiberal(string value) => rig.Network.Node.Namespace.Invoke(() => File.WriteAllText(Liberal, value));

    private static async Task AssertReceivedAsync(Socket socket)
    {
        var received = await socket.ReceiveAsync(new byte[16]).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, received);
    }

    /// <summary>A segment that looks like one of the pod's to the client, far beyond what the client would take.</summary>
    private static async Task<byte[]> LastOfClientAsync(Socket pod, int clientPort)
    {
        var buffer = new byte[256];
        while (true)
        {
            var length = await pod.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromSeconds(30));
            var tcp = buffer.AsMemory((buffer[0] & 15) * 4, length - ((buffer[0] & 15) * 4));
            if (BinaryPrimitives.ReadUInt16BigEndian(tcp.Span) == clientPort && tcp.Length > (tcp.Span[12] >> 4) * 4)
            {
                return Segment(clientPort, BinaryPrimitives.ReadUInt32BigEndian(tcp.Span[8..]) + (1 << 30), BinaryPrimitives.ReadUInt32BigEndian(tcp.Span[4..]) + 1);
            }
        }
    }

    // RFC 9293: ports, sequence, acknowledgement, 5 words of header, ACK and PSH, window, checksum, urgent; a byte of data. The pseudo header is in the sum.
    private static byte[] Segment(int clientPort, uint sequence, uint acknowledgement)
    {
        var segment = new byte[22];
        BinaryPrimitives.WriteUInt16BigEndian(segment, Port);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), (ushort)clientPort);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), acknowledgement);
        segment[12] = 5 << 4;
        segment[13] = 0x18;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), 512);
        byte[] pseudo = [10, 244, 1, 5, 10, 244, 2, 5, 0, 6, 0, (byte)segment.Length];
        var sum = 0u;
        for (var index = 0; index < pseudo.Length + segment.Length; index += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(index < pseudo.Length ? pseudo.AsSpan(index) : segment.AsSpan(index - pseudo.Length));
        }

        sum = (sum & 0xFFFF) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(16), (ushort)~(sum + (sum >> 16)));
        return segment;
    }
}
