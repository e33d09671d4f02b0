using System.Buffers;
using Dataplane.Hosting.Spdy;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.Hosting.Tests.Spdy;

public sealed class SpdyHeaderTests
{
    // Two blocks of one stream as zlib writes them with the preset dictionary, the second in view of the first.
    private const string First = "78bbe3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45a024cc64610024398b209198094adc8c0600000000ffff";
    private const string Second = "02c963680595428944e8442fbdb810de06000000ffff";

    [Fact]
    public void TheDictionaryIsTheOneOfTheProtocol()
    {
        Assert.Equal(1423, SpdyDictionary.Bytes.Length);
        var (low, high) = (1u, 0u);
        foreach (var value in SpdyDictionary.Bytes)
        {
            low = (low + value) % 65521;
            high = (high + low) % 65521;
        }

        Assert.Equal(0xE3C6A7C2, (high << 16) | low);
    }

    [Fact]
    public void BlocksWithTheDictionaryAreRead()
    {
        using var inflater = new SpdyInflater();
        var first = inflater.Decompress(Convert.FromHexString(First));
        Assert.Equal(("error", "80", "0"), (first["streamtype"], first["Port"], first["requestid"]));
        var second = inflater.Decompress(Convert.FromHexString(Second));
        Assert.Equal(("data", "text/plain", ""), (second["streamtype"], second["content-type"], second["unknown"]));
    }

    [Fact]
    public void WhatIsWrittenIsRead() => Prop.ForAll<(string, string)[][]>(blocks =>
    {
        using var deflater = new SpdyDeflater();
        using var inflater = new SpdyInflater();
        foreach (var block in blocks)
        {
            var headers = new SpdyHeaders(block.Select(pair => KeyValuePair.Create(Latin(pair.Item1), Latin(pair.Item2))));
            var read = inflater.Decompress(deflater.Compress(headers).ToArray());
            Assert.Equal(headers.Pairs, read.Pairs);
        }
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("")]
    [InlineData("78")]
    [InlineData("78bb")]
    [InlineData("78bbe3c6a7")]
    [InlineData("ffff000000")]
    [InlineData("789cffffffffffff")]
    [InlineData("789c")]
    public void WhatIsNoCompressedBlockIsRefused(string hex)
    {
        using var inflater = new SpdyInflater();
        Assert.Throws<SpdyException>(() => inflater.Decompress(Convert.FromHexString(hex)));
    }

    [Fact]
    public void RandomBytesAreRefusedOrRead() => Prop.ForAll<byte[]>(bytes =>
    {
        using var inflater = new SpdyInflater();
        Refuse(() => inflater.Decompress(bytes));
        Refuse(() => inflater.Decompress((byte[])[0x78, 0x9c, .. bytes]));
        Refuse(() => SpdyHeaders.Decode(bytes));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void ABlockThatGrowsTooLargeIsRefused()
    {
        using var deflater = new SpdyDeflater();
        using var inflater = new SpdyInflater();
        var compressed = deflater.Compress(new SpdyHeaders([new("name", new string('a', 1 << 20))])).ToArray();
        Assert.True(compressed.Length < SpdyLimits.LargestControlFrame);
        Assert.Contains("more than", Assert.Throws<SpdyException>(() => inflater.Decompress(compressed)).Message);
    }

    [Theory]
    [InlineData("00000001", "1 headers in 0 bytes")]
    [InlineData("7fffffff", "2147483647 headers in 0 bytes")]
    [InlineData("ffffffff", "a length of 4294967295")]
    [InlineData("00000001 00000005 61620000 0000", "cut off")]
    [InlineData("00000000 00", "1 bytes too many")]
    [InlineData("0000", "cut off")]
    public void WhatIsNoHeaderBlockIsRefused(string hex, string why)
    {
        var bytes = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        Assert.Contains(why, Assert.Throws<SpdyException>(() => SpdyHeaders.Decode(bytes)).Message);
    }

    [Fact]
    public void FrameHeadersAreReadAsWritten() => Prop.ForAll<int, byte, uint>((id, flags, length) =>
    {
        var bytes = new byte[SpdyFrameHeader.Size];
        var data = SpdyFrameHeader.Data(id & int.MaxValue, (SpdyFlags)flags, (int)(length & 0xFFFFFF));
        data.Write(bytes);
        Assert.Equal(data, SpdyFrameHeader.Read(bytes));
        Assert.Equal((false, id & int.MaxValue), (data.IsControl, data.StreamId));
        var control = SpdyFrameHeader.Control((SpdyFrameType)(ushort)id, (SpdyFlags)flags, (int)(length & 0xFFFFFF));
        control.Write(bytes);
        Assert.Equal(control, SpdyFrameHeader.Read(bytes));
        Assert.Equal((true, 3, (SpdyFrameType)(ushort)id), (control.IsControl, control.ControlVersion, control.Type));
    }).QuickCheckThrowOnFailure();

    private static void Refuse(Func<SpdyHeaders> read)
    {
        try
        {
            read();
        }
        catch (SpdyException)
        {
            // One of the two things that may happen.
        }
    }

    private static string Latin(string? text) => new([.. (text ?? "").Select(letter => (char)(letter & 0xFF))]);
}
