using Dataplane.Netlink.Codec;

namespace Dataplane.Netlink.Tests.Codec;

public sealed class NetlinkWriterTests
{
    [Fact]
    public void NestedLengthsAndPaddingAreThoseOfTheHeader()
    {
        var writer = new NetlinkWriter(new byte[128]);
        writer.BeginMessage(type: 0x10, flags: 0x5, sequence: 7);
        writer.Reserve(4)[0] = 0xAA;
        var outer = writer.BeginNested(0x8001);
        writer.String(2, "ab");
        writer.U16BigEndian(3, 0x1234);
        writer.EndNested(outer);

        Assert.Equal(
            "28000000" + "1000" + "0500" + "07000000" + "00000000"
            + "AA000000"
            + "1400" + "0180"
            + "0700" + "0200" + "61620000"
            + "0600" + "0300" + "12340000",
            Convert.ToHexString(writer.Message()));
    }

    [Fact]
    public void AMessageThatDoesNotFitIsNeverHandedOut()
    {
        for (var size = 0; size < 40; size++)
        {
            var writer = new NetlinkWriter(new byte[size]);
            writer.BeginMessage(0x10, 0);
            var nested = writer.BeginNested(1);
            writer.Bytes(2, new byte[15]);
            writer.EndNested(nested);

            Assert.True(writer.Overflowed);
            var failed = false;
            try
            {
                writer.Message();
            }
            catch (InvalidOperationException)
            {
                failed = true;
            }

            Assert.True(failed);
        }
    }

    [Fact]
    public void AnAttributeBeyondSixtyFourKilobytesIsRefused()
    {
        static void Write()
        {
            var writer = new NetlinkWriter(new byte[200_000]);
            var nested = writer.BeginNested(1);
            writer.Bytes(2, new byte[40_000]);
            writer.Bytes(2, new byte[40_000]);
            writer.EndNested(nested);
        }

        Assert.Contains("65535", Assert.Throws<InvalidOperationException>(Write).Message);
    }
}
