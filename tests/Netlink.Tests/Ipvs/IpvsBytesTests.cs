using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink.Generic;
using Dataplane.Netlink.Ipvs;

namespace Dataplane.Netlink.Tests.Ipvs;

/// <summary>
/// Messages to the byte, as linux/ip_vs.h lays them out: this machine's kernel need not have IPVS. What a kernel that has it makes of them is tested
/// with the proxy's mode.
/// </summary>
public sealed class IpvsBytesTests
{
    private static readonly GenericFamily Family = new(0x1b, 1);
    private static readonly IpvsServiceKey Web = IpvsServiceKey.At(6, IPAddress.Parse("10.96.0.1"), 80);

    [Fact]
    public void AServiceHasItsAttributesInOrder() => Assert.Equal(
        // nlmsghdr: length, type, REQUEST|ACK, sequence, port; genlmsghdr: NEW_SERVICE, version 1
        "68000000" + "1b00" + "0500" + "05000000" + "00000000" + "01010000"
        // SERVICE: AF 2, PROTOCOL 6, ADDR, PORT 80
        + "54000180" + "06000100" + "02000000" + "06000200" + "06000000" + "14000300" + "0a600001000000000000000000000000" + "06000400" + "00500000"
        // SCHED_NAME "rr", FLAGS persistent with a full mask, TIMEOUT 10800, NETMASK
        + "07000600" + "72720000" + "0c000700" + "01000000ffffffff" + "08000800" + "302a0000" + "08000900" + "ffffffff",
        Hex(batch => batch.AddService(new IpvsService(Web, "rr", IpvsService.Persistent, 10800))));

    [Fact]
    public void AServiceByMarkHasNoAddress() => Assert.Equal(
        "28000000" + "1b00" + "0500" + "05000000" + "00000000" + "03010000" + "14000180" + "06000100" + "0a000000" + "08000500" + "07000000",
        Hex(batch => batch.DeleteService(IpvsServiceKey.Marked(AddressFamily.InterNetworkV6, 7))));

    [Fact]
    public void ADestinationIsMasqueraded() => Assert.Equal(
        "8c000000" + "1b00" + "0500" + "05000000" + "00000000" + "05010000"
        + "30000180" + "06000100" + "02000000" + "06000200" + "06000000" + "14000300" + "0a600001000000000000000000000000" + "06000400" + "00500000"
        // ADDR_FAMILY, ADDR, PORT 8080, FWD_METHOD 0, WEIGHT 1, no thresholds
        + "48000280" + "06000b00" + "02000000" + "14000100" + "0af40105000000000000000000000000" + "06000200" + "1f900000"
        + "08000300" + "00000000" + "08000400" + "01000000" + "08000500" + "00000000" + "08000600" + "00000000",
        Hex(batch => batch.AddDestination(Web, IPEndPoint.Parse("10.244.1.5:8080"), 1)));

    /// <summary>Only the last message of a datagram asks for an ack; the kernel tells errors of all.</summary>
    [Fact]
    public void ABatchIsOneDatagram()
    {
        var batch = new IpvsBatch(Family);
        for (var index = 0; index < 100; index++)
        {
            batch.DeleteDestination(Web, new IPEndPoint(IPAddress.Loopback, index));
        }

        var datagram = batch.Datagram(1);
        var (count, acks) = (0, 0);
        while (!datagram.IsEmpty)
        {
            count++;
            acks += (BitConverter.ToUInt16(datagram[6..]) & 4) / 4;
            Assert.Equal(count, BitConverter.ToInt32(datagram[8..]));
            datagram = datagram[BitConverter.ToInt32(datagram)..];
        }

        Assert.Equal((100, 1), (count, acks));
    }

    [Fact]
    public void AKernelWithoutItSaysSo()
    {
        var socket = new ScriptedSocket((_, sequence) => [ScriptedSocket.Message(2, sequence, -2)]);
        using var connection = new NetlinkConnection(socket, _ => 4);
        var missing = Assert.Throws<NetlinkException>(() => GenericFamily.Resolve(connection, "IPVS", 1));
        Assert.StartsWith("find generic netlink family IPVS: No such file or directory", missing.Message);
    }

    private static string Hex(Action<IpvsBatch> build)
    {
        var batch = new IpvsBatch(Family);
        build(batch);
        return Convert.ToHexString(batch.Datagram(5)).ToLowerInvariant();
    }
}
