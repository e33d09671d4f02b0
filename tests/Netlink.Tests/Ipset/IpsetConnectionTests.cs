using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Ipset;
using Dataplane.TestKit;

namespace Dataplane.Netlink.Tests.Ipset;

/// <summary>Sets in the kernel, seen by <c>ipset</c>; and the bytes that <c>ipset restore</c> sends for the same.</summary>
public sealed class IpsetConnectionTests : IDisposable
{
    private const byte Tcp = 6, Udp = 17, Sctp = 132;

    private static readonly IpsetDefinition Frontends = new("DP-FRONT", IpsetType.AddressPort, AddressFamily.InterNetwork) { WithMarks = true };

    private readonly TestNetwork _network = new();
    private readonly NetworkNamespace _namespace;
    private readonly IpsetConnection _sets;

    public IpsetConnectionTests()
    {
        Tools.Require("ipset");
        _namespace = _network.AddHost("sets").Namespace;
        _sets = IpsetConnection.Open(_namespace);
    }

    public void Dispose()
    {
        _sets.Dispose();
        _network.Dispose();
    }

    [Fact]
    public void TheKernelSpeaksTheProtocol() => Assert.InRange(_sets.ProtocolVersion(), 6, 9);

    [Fact]
    public async Task ElementsOfEveryTypeAreWhatIpsetLists()
    {
        Make("A", IpsetType.Address, AddressFamily.InterNetwork, IpsetElement.Of(IPAddress.Parse("10.0.0.1")));
        Make("B", IpsetType.AddressPort, AddressFamily.InterNetworkV6, IpsetElement.Of(IPAddress.Parse("fd00::1"), Udp, 53));
        Make("C", IpsetType.AddressPortAddress, AddressFamily.InterNetwork, IpsetElement.Of(IPAddress.Parse("10.0.0.1"), Tcp, 80, IPAddress.Parse("10.0.0.2")));
        Make("D", IpsetType.AddressPortNetwork, AddressFamily.InterNetwork, IpsetElement.Of(IPAddress.Parse("10.0.0.1"), Sctp, 80, IPNetwork.Parse("10.9.0.0/16")));
        Make("E", IpsetType.Port, AddressFamily.Unspecified, IpsetElement.Of(30080));
        _sets.Create(Frontends);
        _sets.Add(Frontends.Name, [IpsetElement.Of(IPAddress.Parse("10.0.0.3"), Tcp, 443) with { Mark = 5 }]);

        var saved = (await Tools.RunAsync(_namespace, "ipset", ["save", "-sorted"])).OutputOrThrow();
        Assert.Equal(
            ["A 10.0.0.1", "B fd00::1,udp:53", "C 10.0.0.1,tcp:80,10.0.0.2", "D 10.0.0.1,sctp:80,10.9.0.0/16", "DP-FRONT 10.0.0.3,tcp:443 skbmark 0x5", "E 30080"],
            saved.Split('\n').Where(line => line.StartsWith("add ")).Select(line => line[4..].Replace("/0xffffffff", "")).Order(StringComparer.Ordinal));
        Assert.Equal(["A", "B", "C", "D", "DP-FRONT", "E"], _sets.Sets().Select(set => set.Name).Order(StringComparer.Ordinal));
        Assert.True(_sets.Sets().Single(set => set.Name == Frontends.Name) is { WithMarks: true, TypeName: "hash:ip,port", MaxElements: 65536 });
    }

    [Fact]
    public void ABatchLargerThanAMessageIsAllThere()
    {
        var elements = Enumerable.Range(0, 5000).Select(index => IpsetElement.Of(new IPAddress([10, 1, (byte)(index >> 8), (byte)index]), Tcp, 80) with { Mark = (uint)index }).ToList();
        _sets.Create(Frontends);
        _sets.Add(Frontends.Name, elements);
        Assert.Equal(elements.ToHashSet(), _sets.Elements(Frontends.Name).ToHashSet());

        // Some of them are not there any more, or have another mark.
        _sets.Delete(Frontends.Name, elements[..4000]);
        _sets.Delete(Frontends.Name, elements[..4500]);
        _sets.Add(Frontends.Name, [elements[4900] with { Mark = 7 }]);
        Assert.Equal(500, _sets.Elements(Frontends.Name).Count);
        Assert.Contains(elements[4900] with { Mark = 7 }, _sets.Elements(Frontends.Name));
    }

    [Fact]
    public void AFullSetSaysSo()
    {
        _sets.Create(Frontends with { MaxElements = 2 });
        var full = Assert.Throws<NetlinkException>(() => _sets.Add(Frontends.Name, [.. Enumerable.Range(0, 100).Select(index => IpsetElement.Of(IPAddress.Loopback, Tcp, (ushort)index))]));
        Assert.Contains("add elements to set DP-FRONT", full.Message);
        Assert.Contains("the set is full", full.Message);
    }

    [Fact]
    public void SetsChangePlaces()
    {
        _sets.Create(Frontends);
        _sets.Create(Frontends with { Name = "DP-NEXT", MaxElements = 100 });
        _sets.Add("DP-NEXT", [IpsetElement.Of(IPAddress.Loopback, Tcp, 1)]);
        _sets.Swap(Frontends.Name, "DP-NEXT");
        Assert.Single(_sets.Elements(Frontends.Name));
        _sets.Destroy("DP-NEXT");
        Assert.Equal(100u, Assert.Single(_sets.Sets()).MaxElements);
        _sets.Flush(Frontends.Name);
        Assert.Empty(_sets.Elements(Frontends.Name));
        Assert.Equal(Linux.Errno.ENOENT, Assert.Throws<NetlinkException>(() => _sets.Index("DP-NEXT")).Errno);
    }

    [Fact]
    public void ASetOfAnotherTypeIsNotTaken()
    {
        _sets.Create(Frontends);
        Assert.Equal(Linux.Errno.EEXIST, Assert.Throws<NetlinkException>(() => _sets.Create(Frontends with { Type = IpsetType.Address })).Errno);
        _sets.Create(Frontends);
    }

    /// <summary>Captured from ipset 7.17: <c>ipset restore -exist</c> of these elements, under strace.</summary>
    [Theory]
    [InlineData("A", "10.0.0.1,tcp:80 5; 10.0.0.2,udp:81", "340007800c000180080001400a000001060004400050050005000700060007800c001b4000000005ffffffff080009400000000" +
        "1280007800c000180080001400a000002060004400051000005000700110000000800094000000002")]
    [InlineData("N", "30080", "140007800600044075800140" + "0800094000000001")]
    [InlineData("P", "fd00::1,tcp:80,fd00::1", "4c0007801800018014000240fd0000000000000000000000000000010600044000501b400500070006ffffff18001480" +
        "14000240fd0000000000000000000000000000010800094000000001")]
    [InlineData("C", "10.0.0.1,tcp:80,192.168.0.0/16", "3c0007800c000180080001400a000001060004400050000005000700060004400c00148008000140c0a80000050015001000024" + "00800094000000001")]
    [InlineData("I", "10.0.0.1", "180007800c000180080001400a0000010800094000000001")]
    public void ElementsAreWhatIpsetSends(string set, string elements, string wanted)
    {
        var sent = new List<byte[]>();
        using var socket = new ScriptedSocket((_, sequence) => [ScriptedSocket.Message(2, sequence, 0)]);
        using var recording = new RecordingSocket(socket);
        using var sets = new IpsetConnection(new NetlinkConnection(recording, _ => 4));
        sets.Add(set, [.. elements.Split("; ").Select(Element)]);

        // nlmsghdr, nfgenmsg, PROTOCOL, SETNAME, LINENO, and the header of the list.
        var message = Assert.Single(recording.Sent);
        Assert.Equal("0906", Convert.ToHexString(message, 4, 2));
        Assert.Equal(Tree(Convert.FromHexString(wanted)), Tree(message.AsSpan(16 + 4 + 8 + 8 + 8 + 4)));
    }

    // Attributes without their padding, which is whatever the sender's memory held; those that say so hold attributes.
    private static string Tree(ReadOnlySpan<byte> attributes)
    {
        var text = new StringBuilder();
        while (!attributes.IsEmpty)
        {
            int length = BitConverter.ToUInt16(attributes), type = BitConverter.ToUInt16(attributes[2..]);
            var value = attributes[4..length];
            text.Append(CultureInfo.InvariantCulture, $"{type:x}({((type & 0x8000) != 0 ? Tree(value) : Convert.ToHexString(value))})");
            attributes = attributes[Math.Min((length + 3) & ~3, attributes.Length)..];
        }

        return text.ToString();
    }

    private static IpsetElement Element(string text)
    {
        var words = text.Split(' ');
        var parts = words[0].Split(',');
        var element = (parts.Length, words[0].Contains('.') || words[0].Contains("::")) switch
        {
            (1, false) => IpsetElement.Of(ushort.Parse(parts[0])),
            (1, true) => IpsetElement.Of(IPAddress.Parse(parts[0])),
            (2, _) => IpsetElement.Of(IPAddress.Parse(parts[0]), Protocol(parts[1]), ushort.Parse(parts[1][4..])),
            _ => new IpsetElement(IPAddress.Parse(parts[0]), Protocol(parts[1]), ushort.Parse(parts[1][4..]), IPNetwork.Parse(parts[2].Contains('/') ? parts[2] : parts[2] + "/128")),
        };
        return words.Length > 1 ? element with { Mark = uint.Parse(words[1]) } : element;
    }

    private static byte Protocol(string text) => text[..3] == "tcp" ? Tcp : Udp;

    private void Make(string name, IpsetType type, AddressFamily family, IpsetElement element)
    {
        _sets.Create(new IpsetDefinition(name, type, family));
        _sets.Add(name, [element]);
        Assert.Equal([element], _sets.Elements(name));
    }
}
