using Dataplane.Netlink.Codec;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.Netlink.Tests.Codec;

public sealed class NetlinkReaderTests
{
    [Fact]
    public void ArbitraryBytesAreReadToTheEndOrRefused() => Prop.ForAll<byte[]>(bytes => Walk(bytes)).QuickCheckThrowOnFailure();

    [Fact]
    public void AValidMessageWithOneByteChangedIsReadToTheEndOrRefused()
    {
        var writer = new NetlinkWriter(new byte[256]);
        writer.BeginMessage(0x10, 0);
        writer.Reserve(4);
        var outer = writer.BeginNested(1);
        writer.U32(2, 3);
        writer.String(4, "chain");
        writer.EndNested(outer);
        var valid = writer.Message().ToArray();

        Prop.ForAll(ArbMap.Default.ArbFor<int>(), ArbMap.Default.ArbFor<byte>(), (position, value) =>
        {
            var changed = (byte[])valid.Clone();
            changed[(int)((uint)position % valid.Length)] = value;
            return Walk(changed);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("0F000000" + "10000000" + "00000000" + "00000000", "message length 15")]
    [InlineData("11000000" + "10000000" + "00000000" + "00000000", "message length 17")]
    [InlineData("FFFFFFFF" + "10000000" + "00000000" + "00000000", "message length 4294967295")]
    [InlineData("14000000" + "10000000" + "00000000" + "00000000" + "03000100", "attribute length 3")]
    [InlineData("14000000" + "10000000" + "00000000" + "00000000" + "05000100", "attribute length 5")]
    [InlineData("12000000" + "10000000" + "00000000" + "00000000" + "0400", "2 bytes left")]
    public void LengthsThatDoNotFitAreNamed(string hex, string expected)
    {
        var failure = Assert.Throws<MalformedNetlinkException>(() => Count(Convert.FromHexString(hex)));
        Assert.Contains(expected, failure.Message);
    }

    [Fact]
    public void AValueShorterThanItsTypeIsRefused()
    {
        static uint Read()
        {
            var attributes = new AttributeReader([6, 0, 1, 0, 9, 9]);
            attributes.Read(out var attribute);
            return attribute.U32;
        }

        Assert.Contains("2 bytes where 4", Assert.Throws<MalformedNetlinkException>(() => Read()).Message);
    }

    [Fact]
    public void AnAckNamesTheAttributeThatTheKernelPointsAt()
    {
        var writer = new NetlinkWriter(new byte[128]);
        writer.BeginMessage(0x10, 0);
        writer.Reserve(4);
        writer.U32(1, 0);
        var outer = writer.BeginNested(4 | 0x8000);
        writer.U32(1, 0);
        var inner = writer.BeginNested(2);
        writer.U32(7, 0);
        writer.EndNested(inner);
        writer.EndNested(outer);
        var request = writer.Message();

        Assert.Equal("attribute 1", new NetlinkAck(22, null, 20).ToException("x", request, 4).OffendingAttribute);
        Assert.Equal("attribute 4", new NetlinkAck(22, null, 28).ToException("x", request, 4).OffendingAttribute);
        Assert.Equal("attribute 4/1", new NetlinkAck(22, null, 32).ToException("x", request, 4).OffendingAttribute);
        Assert.Equal("attribute 4/2/7", new NetlinkAck(22, null, 44).ToException("x", request, 4).OffendingAttribute);
        Assert.Equal("x: Invalid argument (errno 22): no (attribute 9 is missing)", new NetlinkAck(22, "no", 0, 9).ToException("x", request, 4).Message);
    }

    private static bool Walk(byte[] bytes)
    {
        try
        {
            return Count(bytes) <= bytes.Length;
        }
        catch (MalformedNetlinkException)
        {
            return true;
        }
    }

    /// <summary>Reads everything a reader offers, nested attributes as deep as the bytes allow.</summary>
    private static int Count(byte[] bytes)
    {
        var count = 0;
        var reader = new NetlinkReader(bytes);
        while (reader.Read(out var message))
        {
            count++;
            _ = message.Type + message.Flags + message.Sequence;
            _ = NetlinkAckOrNothing(message);
            count += Count(message.Attributes(0));
        }

        return count;
    }

    private static int Count(AttributeReader attributes)
    {
        var count = 0;
        while (attributes.Read(out var attribute))
        {
            count++;
            _ = attribute.Text;
            try
            {
                count += Count(attribute.Nested);
            }
            catch (MalformedNetlinkException)
            {
                // Not every value is a run of attributes.
            }
        }

        return count;
    }

    private static NetlinkAck? NetlinkAckOrNothing(NetlinkMessage message)
    {
        try
        {
            return NetlinkAck.Parse(message);
        }
        catch (MalformedNetlinkException)
        {
            return null;
        }
    }
}
