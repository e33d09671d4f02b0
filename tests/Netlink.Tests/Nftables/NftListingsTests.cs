using Dataplane.Netlink.Codec;
using Dataplane.Netlink.Nftables;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.Netlink.Tests.Nftables;

public sealed class NftListingsTests
{
    /// <summary>A message with valid lengths, whose attributes are any bytes; a second run has one valid attribute around any bytes.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    public void ArbitraryAttributesAreReadOrRefused(int outerType) => Prop.ForAll<byte[]>(bytes =>
    {
        var writer = new NetlinkWriter(new byte[bytes.Length + 64]);
        writer.BeginMessage(0xA00, 0);
        writer.Reserve(NftHeaders.Length)[0] = (byte)NftFamily.Ip;
        if (outerType == 0)
        {
            bytes.CopyTo(writer.Reserve(bytes.Length));
        }
        else
        {
            writer.Bytes(outerType, bytes);
        }

        Read(writer.Message(), message => NftListings.ParseTable(message));
        Read(writer.Message(), message => NftListings.ParseChain(message));
        Read(writer.Message(), message => NftListings.ParseSet(message));
        Read(writer.Message(), message => NftListings.ParseRule(message));
        Read(writer.Message(), message => NftListings.ParseElements(message));
    }).QuickCheckThrowOnFailure();

    private static void Read(ReadOnlySpan<byte> datagram, MessageParser<object> parse)
    {
        var reader = new NetlinkReader(datagram);
        Assert.True(reader.Read(out var message));
        try
        {
            Assert.NotNull(parse(message));
        }
        catch (MalformedNetlinkException)
        {
            // The one way to refuse.
        }
    }
}
