using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Tests.Wire;

/// <summary>Names as attackers write them (RFC 9267): each is refused, none is followed without end.</summary>
public sealed class DnsReaderTests
{
    /// <summary>The bytes behind a header of 12 zeros, the offset within them to read at, and what the name is.</summary>
    public static TheoryData<string, string, int, string?> Names => new()
    {
        { "plain", "03777777 00", 0, "www." },
        { "root", "00", 0, "." },
        { "pointer back", "03777777 00 0161 C00C", 5, "a.www." },
        { "pointer to a pointer", "03777777 00 C00C C011", 7, "www." },
        { "pointer to itself", "C00C", 0, null },
        { "two pointers in a ring", "C00E C00C", 0, null },
        { "loop through labels", "0161 0162 C00C", 0, null },
        { "loop into its own run", "0161 0162 C00E", 0, null },
        { "forward pointer", "C00F 00 03777777 00", 0, null },
        { "pointer into the header", "0161 C004", 0, null },
        { "pointer out of the message", "0161 FFFF", 0, null },
        { "half a pointer", "0161 C0", 0, null },
        { "no terminator", "03777777", 0, null },
        { "label longer than the message", "3F7777", 0, null },
        { "label type 01", "4161 00", 0, null },
        { "label type 10", "8161 00", 0, null },
        { "nothing", "", 0, null },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void ANameIsReadOrRefused(string what, string hex, int at, string? expected)
    {
        var message = new byte[DnsHeader.Size].Concat(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))).ToArray();
        var reader = new DnsReader(message, DnsHeader.Size + at);
        Span<byte> name = stackalloc byte[NameView.MaxLength];
        var read = reader.TryName(name, out var length);
        Assert.True((read ? DnsName.Format(name[..length]) : null) == expected, what);
        Assert.True(!read || reader.AtEnd, what);
    }

    [Fact]
    public void ANameMadeLongByPointersIsRefused()
    {
        // Each of 100 names is one label of three bytes before the last one: the 85th would be longer than 255.
        var message = new List<byte>(new byte[DnsHeader.Size]) { 2, 97, 97, 0 };
        var previous = DnsHeader.Size;
        var accepted = 0;
        for (var i = 0; i < 100; i++)
        {
            var at = message.Count;
            message.AddRange([2, 97, 97, (byte)(0xC0 | (previous >> 8)), (byte)previous]);
            previous = at;
            var reader = new DnsReader(message.ToArray(), at);
            accepted += reader.TryName(new byte[NameView.MaxLength], out _) ? 1 : 0;
        }

        Assert.Equal(83, accepted);
    }

    [Theory]
    [InlineData("00 0001 0001 00000005 0004 01020304", true)]
    [InlineData("00 0001 0001 00000005 0005 01020304", false)]
    [InlineData("00 0001 0001 00000005 FFFF", false)]
    [InlineData("00 0001 0001 000000", false)]
    public void DataMustFitIntoTheMessage(string hex, bool expected)
    {
        var message = new byte[DnsHeader.Size].Concat(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))).ToArray();
        var reader = new DnsReader(message, DnsHeader.Size);
        Assert.Equal(expected, reader.TryRecord(new byte[NameView.MaxLength], out _));
    }
}
