using Dataplane.Dns.Wire;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.Dns.Tests.Wire;

public sealed class DnsWriterTests
{
    [Fact]
    public void ACommonSuffixIsWrittenOnce()
    {
        var buffer = new byte[100];
        var writer = new DnsWriter(buffer, DnsHeader.Size, buffer.Length, stackalloc ushort[16]);
        writer.CompressedName(DnsName.Parse("www.example.com"));
        writer.CompressedName(DnsName.Parse("mail.example.com"));
        writer.CompressedName(DnsName.Parse("example.com"));
        Assert.Equal("0377777707" + "6578616D706C6503636F6D00" + "046D61696CC010" + "C010", Convert.ToHexString(buffer[12..writer.Position]));
    }

    [Fact]
    public void ANameKeepsItsCase()
    {
        var buffer = new byte[100];
        var writer = new DnsWriter(buffer, DnsHeader.Size, buffer.Length, stackalloc ushort[16]);
        writer.CompressedName(DnsName.Parse("example.com"));
        writer.CompressedName(DnsName.Parse("EXAMPLE.com"));
        Assert.Equal("076578616D706C6503636F6D00" + "074558414D504C45C014", Convert.ToHexString(buffer[12..writer.Position]));
    }

    [Fact]
    public void WhatDoesNotFitIsLeftOutWhole()
    {
        var buffer = new byte[100];
        var writer = new DnsWriter(buffer, DnsHeader.Size, 20, stackalloc ushort[16]);
        writer.U32BigEndian(1);
        var start = writer.Position;
        writer.CompressedName(DnsName.Parse("example.com"));
        Assert.True(writer.Overflowed);
        writer.U8(1);
        Assert.True(writer.Overflowed);
        writer.Rewind(start);
        writer.U32BigEndian(2);
        Assert.Equal((20, false, 0), (writer.Position, writer.Overflowed, writer.Room));
    }

    [Fact]
    public void CompressedNamesReadBackAsWritten()
    {
        var label = Gen.Elements("a", "b", "www", "svc", "A-longer-label-than-the-others");
        var name = Gen.ArrayOf(label, 4).Select(labels => string.Join('.', labels));
        var names = Gen.ArrayOf(name, 12).ToArbitrary();
        Prop.ForAll(names, written =>
        {
            var buffer = new byte[4096];
            var writer = new DnsWriter(buffer, DnsHeader.Size, buffer.Length, stackalloc ushort[20]);
            foreach (var text in written)
            {
                writer.CompressedName(DnsName.Parse(text));
            }

            var reader = new DnsReader(buffer.AsSpan(0, writer.Position), DnsHeader.Size);
            Span<byte> read = stackalloc byte[NameView.MaxLength];
            foreach (var text in written)
            {
                Assert.True(reader.TryName(read, out var length));
                Assert.Equal(text + ".", DnsName.Format(read[..length]));
            }

            Assert.True(reader.AtEnd);
        }).Check(Config.QuickThrowOnFailure);
    }
}
